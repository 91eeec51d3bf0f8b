/**
 * The C interface of PJRT plugins as data: which function stands in which slot of the table, how
 * each argument struct is laid out, and how they grew with the API's minor version. Nothing here is
 * generated; the facts were checked against plugins of API 0.81 and 0.115 on Linux x86-64.
 *
 * <ul>
 *   <li>The table that {@code GetPjrtApi} returns begins with its own size, so a function exists if
 *       its slot lies within that size and is not NULL. Plugins older and newer than those above
 *       work as far as they have the functions that {@link
 *       io.coxswain.bridge.pjrt.abi.PjrtFunction} calls required. Only major version 0 exists.
 *   <li>Every function is {@code Error* f(Args*)}, two are {@code void f(Args*)}.
 *   <li>Every argument struct begins with its size and a pointer for extensions, here always NULL.
 *       A plugin refuses a struct smaller than its own and accepts a larger one; the size written
 *       is the one that the plugin's minor version has, the memory behind it is larger and zero.
 * </ul>
 *
 * <p>This package checks no lifetimes: a stale handle kills the process. {@link
 * io.coxswain.bridge.pjrt.client} is what the rest of the code uses.
 */
@NullMarked
package io.coxswain.bridge.pjrt.abi;

import org.jspecify.annotations.NullMarked;
