package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The one thread that decides: it takes inputs in order and sleeps until the core's next deadline.
 *
 * <p>Whatever leaves the core as an exception stops the loop for good: the recent inputs go to the
 * log, then {@code onBroken} is told, on the loop's thread as its last act.
 */
public final class CoordinatorLoop implements Inputs {
    private static final Logger LOG = LoggerFactory.getLogger(CoordinatorLoop.class);
    private static final int RECENT = 64;
    private static final int MOST_TEXT = 400;
    // Inputs taken before deadlines are looked at: what an agent said counts before its silence
    // does.
    private static final int BATCH = 256;
    private static final int ROOM = 65_536;

    private final LongSupplier clock;
    private final Consumer<Throwable> onBroken;
    private final LinkedBlockingQueue<Item> queue = new LinkedBlockingQueue<>();
    // Permits of inputs from the network; those that must not wait take none.
    private final Semaphore room = new Semaphore(ROOM);
    private final ArrayDeque<CoordinatorInput> recent = new ArrayDeque<>();
    private final Thread thread;
    private volatile @Nullable CoordinatorCore core;
    private volatile boolean stopped;
    private volatile Vitals vitals = Vitals.NONE;
    private final LoopPulse pulse;

    private record Item(CoordinatorInput input, boolean tookRoom, long atNanos) {}

    /**
     * Makes the loop; {@link #start} starts it. Inputs are taken at once.
     *
     * @param clock monotonic nanoseconds
     */
    public CoordinatorLoop(String name, LongSupplier clock, Consumer<Throwable> onBroken) {
        this.clock = clock;
        this.onBroken = onBroken;
        this.pulse = new LoopPulse(clock);
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    }

    /** Starts to decide; once. */
    public void start(CoordinatorCore decider) {
        core = decider;
        thread.start();
    }

    @Override
    public void offer(CoordinatorInput input) {
        if (!stopped) {
            queue.add(new Item(input, false, clock.getAsLong()));
        }
    }

    @Override
    public void put(CoordinatorInput input) throws InterruptedException {
        room.acquire();
        if (stopped) {
            room.release();
        } else {
            queue.add(new Item(input, true, clock.getAsLong()));
        }
    }

    /** The newest numbers. Any thread. */
    public Vitals vitals() {
        return vitals;
    }

    /** How it keeps up. Any thread. */
    public LoopPulse pulse() {
        return pulse;
    }

    /** True while it decides: from its start to its end. */
    public boolean runs() {
        return thread.isAlive();
    }

    /** Inputs that wait. */
    public int backlog() {
        return queue.size();
    }

    /** Hands {@link CoordinatorInput.Stop} over and waits until the loop has ended. */
    public void stop(String reason) {
        offer(new CoordinatorInput.Stop(reason));
        if (Thread.currentThread().equals(thread) || core == null) {
            return;
        }
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    // Anything thrown in here is a bug: this coordinator stops, nothing else does.
    private void run() {
        try {
            CoordinatorCore decider = Objects.requireNonNull(core, "started without a core");
            decider.advance(clock.getAsLong());
            while (!stopped) {
                turn(decider);
            }
        } catch (InterruptedException interrupted) {
            broken(interrupted);
        } catch (RuntimeException | Error bug) {
            broken(bug);
        } finally {
            stopped = true;
            queue.clear();
            // Whoever waits for room goes on and sees that the loop is over.
            room.release(ROOM);
        }
    }

    private void turn(CoordinatorCore decider) throws InterruptedException {
        Item item = next(decider);
        pulse.begin(item == null ? Long.MAX_VALUE : item.atNanos(), decider.nextDeadlineNanos());
        for (int taken = 0; item != null; taken++) {
            take(decider, item);
            item = stopped || taken == BATCH ? null : queue.poll();
        }
        long now = clock.getAsLong();
        if (decider.nextDeadlineNanos() <= now) {
            decider.advance(now);
        }
        vitals = decider.vitals();
        pulse.end(decider.nextDeadlineNanos());
    }

    private @Nullable Item next(CoordinatorCore decider) throws InterruptedException {
        long deadline = decider.nextDeadlineNanos();
        if (deadline == Long.MAX_VALUE) {
            return queue.take();
        }
        long wait = deadline - clock.getAsLong();
        return wait <= 0 ? queue.poll() : queue.poll(wait, TimeUnit.NANOSECONDS);
    }

    private void take(CoordinatorCore decider, Item item) {
        if (item.tookRoom()) {
            room.release();
        }
        CoordinatorInput input = item.input();
        pulse.take(input);
        if (recent.size() == RECENT) {
            recent.removeFirst();
        }
        recent.addLast(input);
        decider.on(input, clock.getAsLong());
        if (input instanceof CoordinatorInput.Stop) {
            stopped = true;
        }
    }

    private void broken(Throwable bug) {
        var dump = new StringBuilder();
        for (CoordinatorInput input : recent) {
            String text = input.toString();
            dump.append("\n  ").append(text, 0, Math.min(text.length(), MOST_TEXT));
        }
        LOG.error(
                "the decision loop is broken and stops; its last {} inputs, oldest first:{}",
                recent.size(),
                dump,
                bug);
        onBroken.accept(bug);
    }
}
