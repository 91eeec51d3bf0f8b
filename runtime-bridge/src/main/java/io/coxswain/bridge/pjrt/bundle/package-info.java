/**
 * Program bundles: a folder with exported programs, a manifest and the initial state, as {@code
 * docs/bundle.md} describes it; and the safetensors files that hold initial state and training
 * data. Everything is checked here, before anything is compiled, because a runtime that is given a
 * wrong type or shape may accept it and reinterpret the bits.
 */
@NullMarked
package io.coxswain.bridge.pjrt.bundle;

import org.jspecify.annotations.NullMarked;
