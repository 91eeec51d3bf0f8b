package io.coxswain.agent.app;

/** All that an agent acts through. */
public record AgentPorts(ControlPort control, WorkerPort worker, DataPort data, ArenaPort arena) {}
