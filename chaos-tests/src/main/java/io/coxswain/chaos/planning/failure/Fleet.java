package io.coxswain.chaos.planning.failure;

import io.coxswain.coordinator.core.model.FailureDomain;

/**
 * Machines in racks under switches in power domains, filled in order. Agents and spares are all
 * machines of one fleet; which of them have ranks is the job's business.
 */
public record Fleet(int machines, int perRack, int racksPerSwitch, int switchesPerPower) {
    /** Level of racks in {@link #domain}. */
    public static final int RACK_LEVEL = 2;

    public Fleet {
        if (machines < 1 || perRack < 1 || racksPerSwitch < 1 || switchesPerPower < 1) {
            throw new IllegalArgumentException("a fleet's numbers are at least 1");
        }
    }

    /** The same buildings with another number of machines. */
    public Fleet withMachines(int count) {
        return new Fleet(count, perRack, racksPerSwitch, switchesPerPower);
    }

    /** Machines in one full domain of that scope. */
    public int machinesPer(Scope scope) {
        return switch (scope) {
            case AGENT, WORKER, HANG, CORRUPTION -> 1;
            case RACK -> perRack;
            case SWITCH -> perRack * racksPerSwitch;
            case POWER -> perRack * racksPerSwitch * switchesPerPower;
        };
    }

    /** How many targets of that scope there are; the last may be partly filled. */
    public int targets(Scope scope) {
        return Math.ceilDiv(machines, machinesPer(scope));
    }

    /** The first machine of a target. */
    public int firstOf(Scope scope, int target) {
        return target * machinesPer(scope);
    }

    /** One past the last machine of a target. */
    public int endOf(Scope scope, int target) {
        return Math.min(machines, (target + 1) * machinesPer(scope));
    }

    /** {@code power0/switch3/rack17/m00281}. */
    public FailureDomain domain(int machine) {
        int rack = machine / perRack;
        int sw = rack / racksPerSwitch;
        int power = sw / switchesPerPower;
        return FailureDomain.parse(
                "power" + power + "/switch" + sw + "/rack" + rack + "/" + name(machine));
    }

    /** The agent's name; in the order of the machines. */
    public String name(int machine) {
        return String.format("m%06d", machine);
    }

    /** The machine of that {@link #name}. */
    public int machineOf(String name) {
        return Integer.parseInt(name, 1, name.length(), 10);
    }
}
