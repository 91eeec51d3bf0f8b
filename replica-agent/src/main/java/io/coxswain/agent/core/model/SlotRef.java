package io.coxswain.agent.core.model;

/**
 * A slot of an arena file.
 *
 * @param file name of the file in the agent's arena folder
 * @param index from 0
 */
public record SlotRef(String file, int index) {}
