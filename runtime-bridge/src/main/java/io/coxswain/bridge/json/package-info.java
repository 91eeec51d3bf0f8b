/**
 * Objects of JSON, read with errors that name the field: the runtime's section of a job file, the
 * manifest of a bundle, the header of a data file. The parser alone, without data binding, which
 * would double a worker's start-up.
 */
@NullMarked
package io.coxswain.bridge.json;

import org.jspecify.annotations.NullMarked;
