package io.coxswain.security;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Whether words to or from an address stay on this machine. */
final class Reach {
    private Reach() {}

    /** True if every address of the name is a loopback one. An unknown name is not. */
    static boolean loopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException unknown) {
            return false;
        }
    }
}
