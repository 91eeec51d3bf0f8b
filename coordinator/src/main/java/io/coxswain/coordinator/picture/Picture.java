package io.coxswain.coordinator.picture;

import io.coxswain.coordinator.CoordinatorStatus;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One moment of a coordinator.
 *
 * @param sequence grows by one with each picture of this coordinator object; 0: nothing was built
 *     yet
 * @param atMillis wall time
 * @param standing {@code leading}, {@code standby}, {@code suspended} (it leads and the store is
 *     out of reach) or {@code stopped}
 * @param term of its leadership, 0 when it does not lead
 * @param job the running job, or the one that ended last; null before the first and on a standby
 * @param queued in order
 * @param agents in the order of their domains and ids; lost ones too, as long as their {@link
 *     AgentPicture#cells} have anything to show
 * @param cellMillis what one cell of an agent's heat lasts
 * @param fencedMessages words of streams and incarnations that count no more, dropped by this
 *     coordinator
 * @param leader who leads, as far as this coordinator knows; empty: unknown
 * @param leaderPage where that one's page is; empty: unknown, or it has none
 * @param maintenance agents that are out of service, or on the way there, attached or not, by id
 */
public record Picture(
        long sequence,
        long atMillis,
        String coordinator,
        String standing,
        long term,
        Blocked blocked,
        @Nullable JobPicture job,
        List<QueuedJob> queued,
        List<AgentPicture> agents,
        long cellMillis,
        long fencedMessages,
        String leader,
        String leaderPage,
        List<CoordinatorStatus.Maintenance> maintenance) {
    public Picture {
        queued = List.copyOf(queued);
        agents = List.copyOf(agents);
        maintenance = List.copyOf(maintenance);
    }

    /** All agents serve. */
    public Picture(
            long sequence,
            long atMillis,
            String coordinator,
            String standing,
            long term,
            Blocked blocked,
            @Nullable JobPicture job,
            List<QueuedJob> queued,
            List<AgentPicture> agents,
            long cellMillis,
            long fencedMessages,
            String leader,
            String leaderPage) {
        this(
                sequence,
                atMillis,
                coordinator,
                standing,
                term,
                blocked,
                job,
                queued,
                agents,
                cellMillis,
                fencedMessages,
                leader,
                leaderPage,
                List.of());
    }

    /** Before anything was built. */
    public static Picture none(String coordinator, long atMillis) {
        return new Picture(
                0,
                atMillis,
                coordinator,
                "standby",
                0,
                new Blocked(false, "starting: not elected yet", atMillis, List.of(), ""),
                null,
                List.of(),
                List.of(),
                1_000,
                0,
                "",
                "");
    }
}
