package io.coxswain.chaos.planning.failure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Components that fail independently of each other, each as a Poisson process. Failures that come
 * together are components of their own, with a domain as their scope.
 */
public record FailureModel(String name, List<Component> components) {
    private static final long HOUR = 3_600_000_000_000L;
    private static final double DAY_NANOS = 24.0 * HOUR;

    /** Machines, days: what the published table was counted over. */
    private static final double LLAMA3_MACHINE_DAYS = 16_384 * 54.0;

    /** The domains that the same machines make, as {@link Fleet}'s defaults have them. */
    private static final int PER_RACK = 16;

    private static final int PER_SWITCH = 128;

    public FailureModel {
        components = List.copyOf(components);
    }

    /** Nothing fails. */
    public static FailureModel none() {
        return new FailureModel("none", List.of());
    }

    /**
     * The 419 unexpected interruptions of Llama 3's pre-training on 16,384 GPUs in 54 days
     * (Grattafiori et al. 2024, table 5), one agent to a GPU. The table says how often; which of
     * them take more than one machine, and how long repairs take, it does not: of "switch or cable"
     * 4 of 35 are taken to be a switch, one power supply and one chassis to be a rack's, and the
     * repair times are assumed.
     */
    public static FailureModel llama3() {
        var list = new ArrayList<Component>();
        list.add(llama("gpu", Scope.AGENT, 148, 24));
        list.add(llama("hbm", Scope.AGENT, 72, 24));
        list.add(llama("software", Scope.WORKER, 54, 0));
        list.add(llama("cable", Scope.AGENT, 31, 4));
        list.add(domain("switch", Scope.SWITCH, 4, PER_SWITCH, HOUR / 2));
        list.add(llama("host-maintenance", Scope.AGENT, 32, 4));
        list.add(llama("sram", Scope.AGENT, 19, 24));
        list.add(llama("gpu-processor", Scope.AGENT, 17, 24));
        list.add(llama("nic", Scope.AGENT, 7, 24));
        list.add(llama("nccl-watchdog", Scope.HANG, 7, 0));
        list.add(llama("silent-corruption", Scope.CORRUPTION, 6, 72));
        list.add(llama("thermal", Scope.AGENT, 6, 4));
        list.add(llama("ssd", Scope.AGENT, 3, 24));
        list.add(llama("psu", Scope.AGENT, 2, 24));
        list.add(domain("rack-power", Scope.RACK, 1, PER_RACK, 4 * HOUR));
        list.add(llama("chassis", Scope.AGENT, 1, 48));
        list.add(domain("rack-chassis", Scope.RACK, 1, PER_RACK, 12 * HOUR));
        list.add(llama("io-board", Scope.AGENT, 2, 24));
        list.add(llama("dependency", Scope.WORKER, 2, 0));
        list.add(llama("cpu", Scope.AGENT, 2, 24));
        list.add(llama("dram", Scope.AGENT, 2, 24));
        list.add(new Component("planned", Scope.AGENT, 0, 2 * HOUR));
        list.add(new Component("rack", Scope.RACK, 0, 4 * HOUR));
        list.add(new Component("power", Scope.POWER, 0, 2 * HOUR));
        return new FailureModel("llama3", list);
    }

    /** {@link #llama3} with the 47 planned interruptions of the same 54 days. */
    public static FailureModel llama3Planned() {
        FailureModel model = llama3();
        double rate = llama("planned", Scope.AGENT, 47, 2).perThousandDays();
        return new FailureModel("llama3+planned", model.components())
                .with(model.find("planned").withRate(rate));
    }

    private static Component llama(String name, Scope scope, int count, int repairHours) {
        return new Component(name, scope, count / LLAMA3_MACHINE_DAYS * 1_000, repairHours * HOUR);
    }

    private static Component domain(
            String name, Scope scope, int count, int machines, long repairNanos) {
        return new Component(
                name, scope, count / LLAMA3_MACHINE_DAYS * 1_000 * machines, repairNanos);
    }

    /** The component of that name. Ask only for one that {@link #names} has. */
    public Component find(String component) {
        for (Component one : components) {
            if (one.name().equals(component)) {
                return one;
            }
        }
        throw new IllegalArgumentException("no component " + component + " in " + name);
    }

    public List<String> names() {
        return components.stream().map(Component::name).toList();
    }

    /** True if there is a component of that name. */
    public boolean has(String component) {
        return components.stream().anyMatch(one -> one.name().equals(component));
    }

    /** The same with that component in the place of its namesake, or as one more. */
    public FailureModel with(Component changed) {
        var list = new ArrayList<Component>();
        for (Component one : components) {
            list.add(one.name().equals(changed.name()) ? changed : one);
        }
        if (!has(changed.name())) {
            list.add(changed);
        }
        return new FailureModel(name, list);
    }

    /** All rates times {@code factor}. */
    public FailureModel scaled(double factor) {
        return new FailureModel(
                factor == 1 ? name : String.format(Locale.ROOT, "%s × %.3g", name, factor),
                components.stream()
                        .map(one -> one.withRate(one.perThousandDays() * factor))
                        .toList());
    }

    /** Expected failures a day in that fleet. */
    public double perDay(Fleet fleet) {
        double sum = 0;
        for (Component component : components) {
            sum += perDay(component, fleet);
        }
        return sum;
    }

    private static double perDay(Component component, Fleet fleet) {
        // A domain that is partly filled counts by its machines.
        double targets = (double) fleet.machines() / fleet.machinesPer(component.scope());
        return component.perThousandDays() / 1_000 * targets;
    }

    /**
     * Draws a trace. Each component has a random stream of its own, so that changing one leaves the
     * others' failures as they are. Times are exponential, targets uniform, repair times log-normal
     * about their median.
     */
    public FailureTrace draw(Fleet fleet, long durationNanos, long seed) {
        var failures = new ArrayList<Failure>();
        for (Component component : components) {
            double perNano = perDay(component, fleet) / DAY_NANOS;
            if (perNano <= 0) {
                continue;
            }
            var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ hash(component.name()));
            double at = 0;
            while (true) {
                at += -Math.log(1 - random.nextDouble()) / perNano;
                if (at >= durationNanos) {
                    break;
                }
                int target = random.nextInt(fleet.targets(component.scope()));
                double spread = Math.exp(component.repairSpread() * random.nextGaussian());
                failures.add(
                        new Failure(
                                (long) at,
                                component.name(),
                                component.scope(),
                                target,
                                (long) (component.repairNanos() * spread)));
            }
        }
        failures.sort(
                java.util.Comparator.comparingLong(Failure::atNanos)
                        .thenComparing(Failure::component)
                        .thenComparingInt(Failure::target));
        return new FailureTrace(failures, durationNanos);
    }

    /** FNV-1a: the same on every machine. */
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }
}
