/**
 * The mathematics and the data of the reference runtime: an honest trainer in Java whose every
 * result is a pure function of (model, optimizer, data, seed, step), equal to the bit on every
 * machine.
 *
 * <p>Three rules make it so. Only exactly rounded operations are used ({@code + - * /}, {@link
 * java.lang.Math#fma(float, float, float)}, square root) or {@link java.lang.StrictMath}. Every sum
 * has one documented order that depends neither on the width of vector registers nor on blocking.
 * Whatever is cut into ranges (parameters, gradients, optimizer state) is treated element by
 * element, so that a cut changes nothing.
 *
 * <p>This package does no input or output but for {@link
 * io.coxswain.bridge.reference.DataSet#load}, and starts no thread.
 */
@NullMarked
package io.coxswain.bridge.reference;

import org.jspecify.annotations.NullMarked;
