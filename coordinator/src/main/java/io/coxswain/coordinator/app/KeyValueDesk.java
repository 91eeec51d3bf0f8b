package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.model.AgentKey;

import java.util.List;

/** Serves the key-value store of the running job's view. Owned by the decision loop. */
final class KeyValueDesk {
    private final KeyValueStore store = new KeyValueStore(KeyValueStore.Limits.DEFAULT);
    private final String jobId;
    private final JobRun.Context context;

    KeyValueDesk(String jobId, JobRun.Context context) {
        this.jobId = jobId;
        this.context = context;
    }

    /** A view of that epoch is about to be prepared. */
    void open(long epoch) {
        tell(store.open(epoch));
    }

    /** Epochs below are over. */
    void fence(long below) {
        tell(store.fence(below));
    }

    void asked(AgentKey agent, KeyValueStore.Ask ask) {
        tell(store.ask(agent, ask));
    }

    void forgotten(AgentKey agent, AgentWord.ForgotKeyValue forgotten) {
        store.forget(agent, forgotten.id(), forgotten.settledBelow());
    }

    void lost(AgentKey agent) {
        store.gone(agent);
    }

    private void tell(List<KeyValueStore.Answer> answers) {
        for (KeyValueStore.Answer answer : answers) {
            context.agents()
                    .keyValue(
                            context.streamOf(answer.agent()),
                            context.term(),
                            jobId,
                            answer.id(),
                            answer.result());
        }
    }
}
