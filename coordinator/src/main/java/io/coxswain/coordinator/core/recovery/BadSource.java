package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.StateName;

/**
 * That agent's instance of that state was missing or did not match its digest: it is not offered
 * again.
 */
public record BadSource(AgentKey agent, StateName state) {}
