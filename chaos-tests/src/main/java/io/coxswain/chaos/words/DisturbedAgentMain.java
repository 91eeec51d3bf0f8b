package io.coxswain.chaos.words;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.chaos.scenario.WordEffect;
import io.coxswain.launcher.local.AgentExtras;
import io.coxswain.launcher.local.AgentMain;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * An agent as {@link AgentMain}, with an interceptor before its leader that obeys orders. It says
 * in its log how many words it hit.
 */
public final class DisturbedAgentMain implements AgentExtras {
    private static final Logger LOG = LoggerFactory.getLogger(DisturbedAgentMain.class);
    private static final String DISTURB = "disturb";
    private static final String CALM = "calm";

    private final Map<Long, Disturbance> disturbances = new ConcurrentSkipListMap<>();

    private DisturbedAgentMain() {}

    /** As {@link AgentMain#main}. */
    public static void main(String[] args) {
        AgentMain.run(args, new DisturbedAgentMain());
    }

    /** The order to begin, under a number of its own. */
    public static String disturb(long number, WordEffect effect) {
        return String.join(
                " ",
                DISTURB,
                Long.toString(number),
                effect.kind().name(),
                Double.toString(effect.probability()),
                Long.toString(effect.latest().toMillis()),
                Long.toString(effect.seed()));
    }

    /** The order to end what has that number. */
    public static String calm(long number) {
        return CALM + " " + number;
    }

    @Override
    public void prepare(ReplicaAgent.Builder builder) {
        builder.controlInterceptors(
                List.of(new WordsInterceptor(() -> List.copyOf(disturbances.values()))));
    }

    @Override
    public boolean obey(String order) {
        String[] words = order.split(" ", -1);
        switch (words[0]) {
            case DISTURB -> disturbances.put(Long.parseLong(words[1]), disturbance(words));
            case CALM -> {
                Disturbance over = disturbances.remove(Long.parseLong(words[1]));
                if (over != null) {
                    LOG.info("{}: hit {} of {}", over.effect().text(), over.hit(), over.seen());
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static Disturbance disturbance(String[] words) {
        return new Disturbance(
                new WordEffect(
                        WordEffect.Kind.valueOf(words[2]),
                        Double.parseDouble(words[3]),
                        Duration.ofMillis(Long.parseLong(words[4])),
                        Long.parseLong(words[5])));
    }
}
