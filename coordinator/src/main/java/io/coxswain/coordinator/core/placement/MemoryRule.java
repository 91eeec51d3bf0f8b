package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.StateLayout;

/**
 * How much of an agent's arena budget is spoken for (design §6: admitted up front, never
 * over-committed). All in bytes of shared memory.
 *
 * <ul>
 *   <li>A rank uses its worker's region and three slots of its shard: the floor, one in flight, one
 *       being written.
 *   <li>Beside it a second region and one more slot are kept free for a restarted worker: it gets a
 *       new file and loads one state into it before the old file goes.
 *   <li>A held copy uses three slots of its shard.
 *   <li>A spare keeps free what the most demanding rank would need, so that promoting it
 *       over-commits nothing while it keeps the copies it holds.
 * </ul>
 */
public final class MemoryRule {
    /** Slots of an own or a held shard. */
    public static final int SLOTS = 3;

    private MemoryRule() {}

    /** What a rank of that shard cannot do without. */
    public static long rankBytes(StateLayout layout, int shard) {
        return layout.shardRegionBytes().get(shard) + SLOTS * layout.shardStateBytes().get(shard);
    }

    /** What is kept free beside a rank of that shard for its worker's restart. */
    public static long restartBytes(StateLayout layout, int shard) {
        return layout.shardRegionBytes().get(shard) + layout.shardStateBytes().get(shard);
    }

    /** What holding a copy of that shard takes. */
    public static long copyBytes(StateLayout layout, int shard) {
        return SLOTS * layout.shardStateBytes().get(shard);
    }

    /** What is left for copies at an agent with a rank of that shard; 0 when nothing is. */
    public static long memberRoomBytes(StateLayout layout, int shard, long budgetBytes) {
        return Math.max(0, budgetBytes - rankBytes(layout, shard) - restartBytes(layout, shard));
    }

    /** What is left for copies at a spare that may have to take any rank; 0 when nothing is. */
    public static long spareRoomBytes(StateLayout layout, long budgetBytes) {
        return Math.max(0, budgetBytes - promotionBytes(layout));
    }

    /** What a spare keeps free: as much as the most demanding rank takes. */
    static long promotionBytes(StateLayout layout) {
        long most = 0;
        for (int shard = 0; shard < layout.shardStateBytes().size(); shard++) {
            most = Math.max(most, rankBytes(layout, shard) + restartBytes(layout, shard));
        }
        return most;
    }

    /** For people: megabytes of 10⁶ bytes with one decimal, rounded up. */
    static String megabytes(long bytes) {
        long tenths = (bytes + 99_999) / 100_000;
        return tenths / 10 + "." + tenths % 10 + " MB";
    }
}
