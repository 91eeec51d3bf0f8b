package io.coxswain.launcher.job;

/**
 * The {@code runtime} section: what the runtime reads, and what the launcher needs to know of it.
 *
 * @param json for the runtime; empty for a kind that this version does not have
 * @param parameters of the whole model
 * @param stateVectors how many vectors as long as the parameters make up the state, the parameters
 *     included
 * @param ballastBytes of further state per rank
 */
public record RuntimeSection(String json, long parameters, int stateVectors, long ballastBytes) {
    static final RuntimeSection NONE = new RuntimeSection("", 0, 0, 0);
}
