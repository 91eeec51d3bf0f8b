package io.coxswain.agent.worker;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.control.v1.EvidencePiece;

import java.util.List;

/**
 * One process of a worker, in one generation. Methods may be called from any thread; what is sent
 * to one that is gone is lost silently, since its exit is told.
 */
interface Member {
    /** What happens to a process, from threads of its own; {@code exited} is the last. */
    interface Listener {
        /** Both channels are up. */
        void ready(int local, Hello hello);

        void message(int local, FromWorker message);

        void pong(int local, Pong pong);

        void asked(int local, KeyValueRequest request);

        /** It asks for a process that serves its view. */
        void wants(int local, ViewServiceRequest request);

        /** What is to be known of one that went by itself. */
        void evidence(int local, String reason, List<EvidencePiece> pieces);

        /** It does not do its part, and is to be ended. */
        void unbearable(int local, String reason);

        /**
         * It went before the worker was whole.
         *
         * @return whether another one may take its place
         */
        default boolean left(int local) {
            return false;
        }

        /** It is waited for, and that is no silence. */
        default void waiting(int local) {}

        /** It did not come in time, and will not. */
        default void absent(int local, String reason) {}

        void exited(int local, WorkerExit exit);
    }

    void launch();

    void send(ToWorker message);

    void abort(Abort abort);

    void answer(ToWorkerSide answer);

    /**
     * From here on its end has this reason.
     *
     * @return false if it has one already, or is gone
     */
    boolean claim(String reason);

    /**
     * What is to be known of one that hangs, before it is ended. Blocks for ten seconds at most.
     */
    List<EvidencePiece> hung(String reason) throws InterruptedException;

    /** Ends it, step by step. Blocks for a second at most, whether it is gone by then or not. */
    void end();

    /** Ends it at once; the reason counts unless there was one. */
    void endNow(String reason);

    /** All of the worker's processes are there. */
    default void complete() {}

    /** This agent is closing, and waits no longer than it must. */
    default void release(String reason) {
        endNow(reason);
    }

    /** What it does. Blocks for some seconds at most; empty when it does not run. */
    List<EvidencePiece> stacks() throws InterruptedException;

    /** As it says itself, or as the system says; 0: not known yet. */
    long pid();

    boolean gone();

    void awaitGone();
}
