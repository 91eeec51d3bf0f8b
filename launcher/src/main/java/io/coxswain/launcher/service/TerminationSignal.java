package io.coxswain.launcher.service;

import java.lang.reflect.Proxy;

/**
 * SIGTERM as a notice, told apart from SIGINT, which ends this process as ever. Java has no other
 * way to it than {@code sun.misc.Signal}, which is named by reflection since the compiler warns of
 * it.
 */
public final class TerminationSignal {
    private TerminationSignal() {}

    /**
     * From now on SIGTERM runs {@code handler}, each time, on a thread of its own, and no more ends
     * this process.
     *
     * @return false: this virtual machine does not let it, and SIGTERM ends the process as ever
     */
    @SuppressWarnings("ReferenceEquality") // What a proxy is equal to.
    public static boolean handle(Runnable handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(
                            TerminationSignal.class.getClassLoader(),
                            new Class<?>[] {handlers},
                            (self, method, arguments) ->
                                    switch (method.getName()) {
                                        case "handle" -> {
                                            handler.run();
                                            yield null;
                                        }
                                        case "equals" -> self == arguments[0];
                                        case "hashCode" -> System.identityHashCode(self);
                                        default -> "SIGTERM";
                                    });
            signal.getMethod("handle", signal, handlers)
                    .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), proxy);
            return true;
        } catch (ReflectiveOperationException | IllegalArgumentException notHere) {
            // Such as with -Xrs, or in a runtime without jdk.unsupported.
            return false;
        }
    }
}
