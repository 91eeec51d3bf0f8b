package io.coxswain.chaos.simulation.zookeeper;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The nodes. Every change is versioned; a multi changes all or nothing. */
public final class Tree {
    /** A node as read. */
    public record Node(String path, Object data, int version, long owner) {}

    /** Why an operation was refused. */
    public enum Code {
        BAD_VERSION,
        NO_NODE,
        NODE_EXISTS
    }

    /** An operation was refused and changed nothing. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        private final Code code;

        Refused(Code code, String path) {
            super(code + " at " + path, null, false, false);
            this.code = code;
        }

        public Code code() {
            return code;
        }
    }

    /** One part of a multi. */
    public sealed interface Operation {
        record Check(String path, int version) implements Operation {}

        record Create(String path, Object data, long owner) implements Operation {}

        record Set(String path, Object data, int version) implements Operation {}

        record Delete(String path) implements Operation {}
    }

    /** Told of every node that changed; null: it is gone. */
    @FunctionalInterface
    interface Listener {
        void changed(String path, @Nullable Node now);
    }

    /** Any version will do. */
    public static final int ANY = -1;

    private final TreeMap<String, Node> nodes = new TreeMap<>();
    private final Listener listener;
    private long nextSequence = 1;

    Tree(Listener listener) {
        this.listener = listener;
    }

    public @Nullable Node read(String path) {
        return nodes.get(path);
    }

    /** The nodes whose path begins so, in order. */
    public List<Node> below(String prefix) {
        return new ArrayList<>(nodes.subMap(prefix, prefix + Character.MAX_VALUE).values());
    }

    /** A number that was never given out before. */
    public long takeSequence() {
        return nextSequence++;
    }

    /** Does all of them, or none. */
    public void multi(List<Operation> operations) throws Refused {
        var after = new TreeMap<String, @Nullable Node>();
        for (Operation operation : operations) {
            apply(operation, after);
        }
        after.forEach((path, node) -> {
            if (node == null) {
                nodes.remove(path);
            } else {
                nodes.put(path, node);
            }
        });
        after.forEach(listener::changed);
    }

    private void apply(Operation operation, Map<String, @Nullable Node> after) throws Refused {
        switch (operation) {
            case Operation.Check(String path, int version) ->
                    require(path, version, current(path, after));
            case Operation.Create(String path, Object data, long owner) -> {
                if (current(path, after) != null) {
                    throw new Refused(Code.NODE_EXISTS, path);
                }
                after.put(path, new Node(path, data, 0, owner));
            }
            case Operation.Set(String path, Object data, int version) -> {
                Node node = require(path, version, current(path, after));
                after.put(path, new Node(path, data, node.version() + 1, node.owner()));
            }
            case Operation.Delete(String path) -> {
                require(path, ANY, current(path, after));
                after.put(path, null);
            }
        }
    }

    private @Nullable Node current(String path, Map<String, @Nullable Node> after) {
        return after.containsKey(path) ? after.get(path) : nodes.get(path);
    }

    private static Node require(String path, int version, @Nullable Node node) throws Refused {
        if (node == null) {
            throw new Refused(Code.NO_NODE, path);
        }
        if (version != ANY && version != node.version()) {
            throw new Refused(Code.BAD_VERSION, path);
        }
        return node;
    }

    void deleteOwnedBy(long session) {
        for (Node node : List.copyOf(nodes.values())) {
            if (node.owner() == session) {
                nodes.remove(node.path());
                listener.changed(node.path(), null);
            }
        }
    }
}
