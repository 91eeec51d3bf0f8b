package io.coxswain.agent.app;

import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;

/**
 * Files of shared memory, their slots, and what peers may read or write of them. Nothing here
 * blocks or throws.
 */
public interface ArenaPort {
    void create(String file, ArenaShape shape);

    void delete(String file);

    void free(SlotRef slot);

    void inspect(String file);

    void share(StateName state, SlotRef slot);

    void unshare(StateName state);

    void holdCopies(String jobId, int shard, String file);

    void releaseCopies(int shard, String file, boolean forget);

    void dropCopy(StateName state, SlotRef slot);

    void admitCopies(long epoch);
}
