package io.coxswain.coordinator.picture;

/**
 * One agent.
 *
 * @param incarnation of its process; the last one of a lost agent
 * @param host the name that its machine gives itself; empty: unknown
 * @param state attached, ready, ranked, spare, suspect, unfit or lost
 * @param rank −1: none
 * @param detail what it does, or what is wrong; may be empty
 * @param copiesHeld shards of others that it is to hold
 * @param arenaUsedBytes what it holds by its duties, by the layout of the state; 0 without a view
 * @param cells its newest 120 cells of heat, a letter each, oldest first: {@code h} healthy, {@code
 *     s} suspect, {@code g} straggling, {@code l} lost, {@code p} spare, {@code c} spare that holds
 *     copies, {@code r} recovering, {@code .} absent
 */
public record AgentPicture(
        String id,
        String incarnation,
        String domain,
        String host,
        String state,
        int rank,
        String detail,
        int copiesHeld,
        long arenaBudgetBytes,
        long arenaUsedBytes,
        String cells) {
    /** The same agent with another heat. */
    public AgentPicture withCells(String others) {
        return new AgentPicture(
                id,
                incarnation,
                domain,
                host,
                state,
                rank,
                detail,
                copiesHeld,
                arenaBudgetBytes,
                arenaUsedBytes,
                others);
    }

    /** The same agent, doing something else. */
    public AgentPicture withDetail(String other) {
        return new AgentPicture(
                id,
                incarnation,
                domain,
                host,
                state,
                rank,
                other,
                copiesHeld,
                arenaBudgetBytes,
                arenaUsedBytes,
                cells);
    }
}
