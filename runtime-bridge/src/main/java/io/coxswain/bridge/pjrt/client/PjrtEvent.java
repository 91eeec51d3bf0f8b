package io.coxswain.bridge.pjrt.client;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Something that the plugin will have done, or will have failed to do. It holds nothing of the
 * plugin's, so there is nothing to close. The host memory of the operation stays reachable until
 * the event is done. Any thread.
 */
public final class PjrtEvent {
    private final CompletableFuture<@Nullable Void> settled = new CompletableFuture<>();
    private final Supplier<String> doing;
    private final Supplier<@Nullable String> obstacle;

    // Read by nobody: keeps the host memory from being unmapped under the plugin's hands.
    @SuppressWarnings("unused")
    private volatile @Nullable MemorySegment memory;

    /**
     * @param doing what is being done, as in "uploading f32[2]"
     * @param memory what must stay reachable until it is done
     * @param obstacle why waiting would be in vain, if it would
     */
    PjrtEvent(
            Supplier<String> doing,
            @Nullable MemorySegment memory,
            Supplier<@Nullable String> obstacle) {
        this.doing = doing;
        this.memory = memory;
        this.obstacle = obstacle;
    }

    /** Whether it is done or has failed. Never waits. */
    public boolean done() {
        return settled.isDone();
    }

    /**
     * Waits until it is done. What it waits for goes on when the wait ends early: there is no way
     * to cancel it.
     *
     * @throws PjrtException if it failed, with the plugin's code; {@code DEADLINE_EXCEEDED} after
     *     {@code limit}; {@code CANCELLED} if this thread is interrupted (it stays interrupted);
     *     {@code FAILED_PRECONDITION} if it cannot be done before something else happens
     */
    public void await(Duration limit) throws PjrtException {
        if (!settled.isDone()) {
            @Nullable String inVain = obstacle.get();
            if (inVain != null) {
                throw new PjrtException(PjrtException.Code.FAILED_PRECONDITION, inVain);
            }
        }
        try {
            settled.get(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PjrtException cause) {
                throw new PjrtException(cause.code(), String.valueOf(cause.getMessage()), cause);
            }
            throw new PjrtException(
                    PjrtException.Code.UNKNOWN, "%s: %s".formatted(doing.get(), e.getCause()), e);
        } catch (TimeoutException e) {
            throw new PjrtException(
                    PjrtException.Code.DEADLINE_EXCEEDED,
                    "%s: not done within %s".formatted(doing.get(), limit),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PjrtException(
                    PjrtException.Code.CANCELLED, "%s: interrupted".formatted(doing.get()), e);
        } catch (CancellationException e) {
            throw new AssertionError("nobody else holds this future", e);
        }
    }

    /**
     * A future that ends with the event; a failure is a {@link PjrtException}. What depends on it
     * runs on a virtual thread, or on the caller's if the event is done; never on a thread of the
     * plugin's, so it may use and close everything here. Cancelling it cancels nothing but this
     * future.
     */
    public CompletableFuture<@Nullable Void> future() {
        return settled.whenCompleteAsync(
                (_, _) -> {}, task -> Thread.ofVirtual().name("pjrt-event").start(task));
    }

    /** Ends it; the first time counts. */
    void settle(@Nullable PjrtException failure) {
        memory = null;
        if (failure == null) {
            settled.complete(null);
        } else {
            settled.completeExceptionally(failure);
        }
    }

    String doing() {
        return doing.get();
    }
}
