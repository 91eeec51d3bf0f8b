package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

/** What every {@link StorePort} does, the fake one and the real one. */
public abstract class StoreContract {
    private long nextId = 1;

    protected abstract StorePort store();

    /** The outcome of the request with that id. */
    protected abstract WriteOutcome outcome(long writeId) throws Exception;

    /** Another leader takes the term, unseen by this store. */
    protected abstract void depose() throws Exception;

    protected static StoreRecord.Spec spec(String id) {
        return new StoreRecord.Spec(Bench.spec(id, new Mesh(1, 1), 10), 1);
    }

    protected static StoreRecord.ViewRecord view(String id, long epoch, ViewState state) {
        return new StoreRecord.ViewRecord(
                id,
                state,
                new View(epoch, epoch - 1, 5, new Mesh(1, 1), List.of(Bench.agent(1))),
                new Placement(epoch, 1, List.of(new CopyDuty(0, 0, Bench.agent(2)))),
                Lineage.EMPTY.branch(1, 0));
    }

    private WriteOutcome write(StoreRecord record) throws Exception {
        long id = nextId++;
        store().write(id, record);
        return outcome(id);
    }

    private WriteOutcome verify(StoreRecord record) throws Exception {
        long id = nextId++;
        store().verify(id, record);
        return outcome(id);
    }

    @Test
    void aWriteIsDurableAndReadsBack() throws Exception {
        assertThat(write(spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aRecordReplacesTheOneBefore() throws Exception {
        write(spec("j1"));
        write(view("j1", 1, ViewState.PREPARING));

        assertThat(write(view("j1", 1, ViewState.ACTIVE))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(view("j1", 1, ViewState.PREPARING))).isEqualTo(WriteOutcome.ABSENT);
        assertThat(verify(view("j1", 1, ViewState.ACTIVE))).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void writingTwiceIsTheSameAsOnce() throws Exception {
        write(spec("j1"));

        assertThat(write(spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void whatWasNotWrittenIsAbsent() throws Exception {
        assertThat(verify(spec("j9"))).isEqualTo(WriteOutcome.ABSENT);
    }

    @Test
    void aPauseIsKeptUntilTheNextWord() throws Exception {
        write(spec("j1"));
        var paused = new StoreRecord.Pause("j1", true, "new data", 0);
        var resumed = new StoreRecord.Pause("j1", false, "", 12);
        assertThat(write(paused)).isEqualTo(WriteOutcome.DURABLE);
        assertThat(write(resumed)).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(paused)).isEqualTo(WriteOutcome.ABSENT);
        assertThat(verify(resumed)).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aFinishedJobIsForgottenWhole() throws Exception {
        var result = new StoreRecord.Result("j1", true, "", "{}");
        write(spec("j1"));
        write(view("j1", 1, ViewState.FINISHING));
        write(result);
        write(spec("j2"));

        assertThat(write(new StoreRecord.Forgotten("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(result)).isEqualTo(WriteOutcome.ABSENT);
        assertThat(verify(spec("j1"))).isEqualTo(WriteOutcome.ABSENT);
        assertThat(verify(spec("j2"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(new StoreRecord.Forgotten("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(write(new StoreRecord.Forgotten("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(write(spec("j1"))).as("it may come again").isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aJobThatIsNotFinishedIsNeverForgotten() throws Exception {
        write(spec("j1"));
        write(view("j1", 1, ViewState.ACTIVE));

        write(new StoreRecord.Forgotten("j1"));

        assertThat(verify(spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(view("j1", 1, ViewState.ACTIVE))).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aDeposedLeaderForgetsNothing() throws Exception {
        write(spec("j1"));
        write(new StoreRecord.Result("j1", true, "", "{}"));
        depose();

        assertThat(write(new StoreRecord.Forgotten("j1"))).isEqualTo(WriteOutcome.REFUSED);
    }

    @Test
    void whetherTheTermStandsIsToldAndChangesNothing() throws Exception {
        assertThat(write(new StoreRecord.TermCheck("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(new StoreRecord.TermCheck("j1"))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(verify(spec("j1"))).isEqualTo(WriteOutcome.ABSENT);
        depose();
        assertThat(write(new StoreRecord.TermCheck("j1"))).isEqualTo(WriteOutcome.REFUSED);
    }

    @Test
    void aDeposedLeadersWriteIsRefusedAndChangesNothing() throws Exception {
        write(spec("j1"));
        depose();

        var account = new StoreRecord.Account("j1", 1, 5, 5, 9, Map.of(), List.of());
        assertThat(write(account)).isEqualTo(WriteOutcome.REFUSED);
        assertThat(verify(account)).isEqualTo(WriteOutcome.REFUSED);
    }
}
