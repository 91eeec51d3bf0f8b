package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.proto.control.v1.Attach;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Agents of other versions: those of another major are refused, and what those of a newer minor say
 * beyond what is known here is dropped. Both is counted, and logged once for each. Thread-safe.
 */
final class VersionDesk {
    private static final Logger LOG = LoggerFactory.getLogger(VersionDesk.class);
    private static final int MOST_REMEMBERED = 4_096;

    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong unknown = new AtomicLong();
    private final Map<String, Boolean> told =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                    return size() > MOST_REMEMBERED;
                }
            };

    /** Why that agent cannot be taken; empty: it can. */
    String refusal(AgentKey agent, Attach attach) {
        String who = "agent " + agent.id();
        var control = new ProtocolVersion(attach.getProtocolMajor(), attach.getProtocolMinor());
        String refusal = "";
        if (!ProtocolVersion.CONTROL.goesWith(control)) {
            refusal =
                    ProtocolVersion.CONTROL.refusal(
                            "control protocol", "this coordinator", who, control);
        } else {
            var data = ProtocolVersion.told(attach.getDataMajor(), attach.getDataMinor());
            if (!ProtocolVersion.DATA.goesWith(data)) {
                refusal =
                        ProtocolVersion.DATA.refusal(
                                "data-plane protocol", "this coordinator", who, data);
            }
        }
        if (!refusal.isEmpty()) {
            refused.incrementAndGet();
            if (isNew(agent + " " + refusal)) {
                LOG.warn("agent {} is refused: {}", agent, refusal);
            }
        }
        return refusal;
    }

    /** An agent said something of a kind that this version does not know. */
    void dropped(AgentKey agent, int field) {
        unknown.incrementAndGet();
        if (isNew(agent + " " + field)) {
            LOG.info(
                    "agent {} is of a newer version: what it says as field {} of its messages is"
                            + " dropped",
                    agent,
                    field);
        }
    }

    private boolean isNew(String complaint) {
        synchronized (told) {
            return told.put(complaint, true) == null;
        }
    }

    /** Agents that were refused, attempts counted. */
    long refused() {
        return refused.get();
    }

    /** Messages of a kind that this version does not know. */
    long unknown() {
        return unknown.get();
    }
}
