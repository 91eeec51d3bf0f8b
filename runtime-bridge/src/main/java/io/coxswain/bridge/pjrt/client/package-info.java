/**
 * Typed access to a PJRT plugin, the interface by which JAX drives TPUs, GPUs and CPUs: plugin,
 * client, devices, buffers, programs, events. No Python takes part.
 *
 * <p>A plugin answers a wrong call by ending the process, or worse, by taking wrong bytes for right
 * ones: a buffer of another type but the same size is reinterpreted. So everything that can be
 * checked is checked here, before the call: number, types, devices and states of arguments, sizes
 * and places of host memory, targets of compilations, and that nothing is used after its end. The
 * plugin tells a program's results, which are compared with its {@link
 * io.coxswain.bridge.pjrt.client.Signature}; its arguments it does not tell, so the signature must
 * be right.
 *
 * <h2>Who owns what</h2>
 *
 * <ul>
 *   <li>A {@link io.coxswain.bridge.pjrt.client.PjrtPlugin} belongs to the process and stays until
 *       its end.
 *   <li>A {@link io.coxswain.bridge.pjrt.client.PjrtClient} belongs to whoever created it. Closing
 *       it closes its buffers and programs, waits for calls and runs under way, and frees the
 *       devices.
 *   <li>A {@link io.coxswain.bridge.pjrt.client.PjrtBuffer} or {@link
 *       io.coxswain.bridge.pjrt.client.PjrtExecutable} belongs to whoever got it; the client closes
 *       what is left. It may be closed while runs use it. A buffer given away by donation belongs
 *       to the run; closing it is harmless.
 *   <li>A {@link io.coxswain.bridge.pjrt.client.PjrtDevice} belongs to its client. A {@link
 *       io.coxswain.bridge.pjrt.client.PjrtEvent} holds nothing.
 *   <li>Host memory belongs to the caller and must stay mapped until the event of the operation is
 *       done: {@link io.coxswain.bridge.pjrt.client.PjrtBuffer#uploaded}, or the event of {@link
 *       io.coxswain.bridge.pjrt.client.PjrtBuffer#copyTo}. It is kept reachable until then, which
 *       saves memory of automatic arenas; nobody can save that of an arena closed too early.
 * </ul>
 *
 * <p>Handles are counted, not locked: a call holds what it uses, and whoever is last frees it. So
 * nothing here waits for a lock, and a close that races with a call is either before it (the call
 * is refused) or after it.
 *
 * <h2>Threads</h2>
 *
 * Everything may be called by any thread. The plugin calls back on its own threads or inline; these
 * callbacks only end a future. What depends on a future runs elsewhere, so it may call and close
 * everything.
 *
 * <h2>Measured</h2>
 *
 * With the CPU plugin of API 0.115, on 2 cores of Linux x86-64:
 *
 * <ul>
 *   <li>Memory used without a copy must lie at a multiple of 64 bytes, else the plugin copies
 *       silently; here it is refused. Programs see later changes of such memory. Its event comes
 *       when the buffer, or the result that took its place by donation, is closed.
 *   <li>A text module must be followed by a byte 0 that does not count in its length: a word at the
 *       end is read on, and a truncated module followed by the wrong bytes ended the process.
 *   <li>Serialized programs: a truncated one is an error; one with a flipped bit is an error, a
 *       wrong program, or the end of the process. Their digests must be checked before.
 *   <li>Arguments may be declared not to be donated whether the program would or not.
 *   <li>Compilations of 3,000 operations in a row overflow small stacks, which ends the process
 *       without a report; here compilers have 256 MiB.
 * </ul>
 *
 * <p>CPU plugins were run. What is peculiar to GPUs and TPUs (memory layouts, key-value stores of
 * clients on several hosts) is there as the interface asks for it, and was run with a mock only.
 */
@NullMarked
package io.coxswain.bridge.pjrt.client;

import org.jspecify.annotations.NullMarked;
