package io.coxswain.chaos.fuzz;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes lies of words: a message that parses, with fields changed, doubled, left out or put in, and
 * the names in it those of the run that hears it, so that it gets past whoever looks whether it is
 * meant for him. The same numbers give the same lies.
 */
final class HostileWords {
    private static final int MOST_ELEMENTS = 64;
    private static final int MOST_DEPTH = 8;
    private static final int MOST_RARITY = 7;
    private static final long[] NUMBERS = {
        0,
        1,
        2,
        3,
        -1,
        7,
        64,
        255,
        1 << 16,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 32,
        Long.MAX_VALUE,
        Long.MAX_VALUE - 1,
        Long.MIN_VALUE
    };
    private static final String[] WORDS = {
        "", "x", "execute", "/../..", "\u0000", "a".repeat(5_000)
    };

    /**
     * What is there to be named.
     *
     * @param agents ids; an incarnation stands at the same index
     */
    record Names(
            String job, long term, long epoch, long step, List<String> agents, List<String> lives) {
        Names {
            agents = List.copyOf(agents);
            lives = List.copyOf(lives);
        }
    }

    private final SplittableRandom random;
    private int rarity = 1;

    HostileWords(SplittableRandom random) {
        this.random = random;
    }

    /** Another lie from the same word: little of it is false, or much. */
    Message vary(Message message, Names names) {
        rarity = 1 << random.nextInt(MOST_RARITY);
        return vary(message, names, 0);
    }

    private boolean changes(int one) {
        return random.nextInt(one * rarity) == 0;
    }

    private Message vary(Message message, Names names, int depth) {
        Message.Builder builder = message.toBuilder();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (field.isMapField() || depth > MOST_DEPTH) {
                continue;
            }
            if (field.isRepeated()) {
                elements(builder, field, names, depth);
            } else if (message.hasField(field) || mayBePutIn(field)) {
                one(builder, field, names, depth, message.hasField(field));
            }
        }
        return builder.build();
    }

    // A member of a oneof that is put in would take the place of what is said.
    private boolean mayBePutIn(FieldDescriptor field) {
        return field.getRealContainingOneof() == null && changes(10);
    }

    private void one(
            Message.Builder builder, FieldDescriptor field, Names names, int depth, boolean there) {
        if (there && changes(24) && field.getRealContainingOneof() == null) {
            builder.clearField(field);
        } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            builder.setField(field, vary((Message) builder.getField(field), names, depth + 1));
        } else {
            builder.setField(field, scalar(field, builder.getField(field), names));
        }
    }

    private void elements(Message.Builder builder, FieldDescriptor field, Names names, int depth) {
        int count = builder.getRepeatedFieldCount(field);
        var all = new ArrayList<Object>();
        for (int i = 0; i < count; i++) {
            Object value = builder.getRepeatedField(field, i);
            all.add(
                    field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                            ? vary((Message) value, names, depth + 1)
                            : scalar(field, value, names));
        }
        if (!all.isEmpty() && changes(8)) {
            int more = random.nextInt(MOST_ELEMENTS);
            for (int i = 0; i < more; i++) {
                all.add(all.get(random.nextInt(all.size())));
            }
        }
        if (!all.isEmpty() && changes(12)) {
            all.remove(random.nextInt(all.size()));
        }
        builder.clearField(field);
        all.forEach(value -> builder.addRepeatedField(field, value));
    }

    private Object scalar(FieldDescriptor field, Object value, Names names) {
        String name = field.getName();
        return switch (field.getJavaType()) {
            case STRING -> text(name, (String) value, names);
            case LONG -> number(name, (Long) value, names);
            case INT -> (int) number(name, (Integer) value, names);
            case BOOLEAN -> changes(4) ? !(Boolean) value : value;
            case DOUBLE -> changes(4) ? odd() : value;
            case FLOAT -> changes(4) ? (float) odd() : value;
            case BYTE_STRING -> bytes((ByteString) value);
            case ENUM -> {
                List<EnumValueDescriptor> values = field.getEnumType().getValues();
                yield changes(4) ? values.get(random.nextInt(values.size())) : value;
            }
            case MESSAGE -> value;
        };
    }

    private double odd() {
        return switch (random.nextInt(5)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> -0.0;
            case 3 -> Double.MAX_VALUE;
            default -> Double.MIN_VALUE;
        };
    }

    private ByteString bytes(ByteString value) {
        return switch (changes(2) ? random.nextInt(3) : 3) {
            case 0 -> ByteString.EMPTY;
            case 1 -> ByteString.copyFrom(new byte[random.nextInt(64)]);
            case 2 -> value.concat(value);
            default -> value;
        };
    }

    private String text(String name, String value, Names names) {
        if (name.equals("job_id")) {
            return changes(12) ? "another" : names.job();
        }
        int who = random.nextInt(names.agents().size());
        if (name.equals("agent_id")) {
            return names.agents().get(who);
        }
        if (name.equals("incarnation")) {
            return changes(6) ? value : names.lives().get(who);
        }
        return changes(4) ? WORDS[random.nextInt(WORDS.length)] : value;
    }

    private long number(String name, long value, Names names) {
        if (name.equals("term")) {
            return names.term();
        }
        if (changes(8)) {
            return NUMBERS[random.nextInt(NUMBERS.length)];
        }
        if (name.contains("epoch")) {
            return Math.max(
                    0, names.epoch() + (random.nextInt(3) == 0 ? random.nextInt(-1, 3) : 0));
        }
        if (name.contains("step") || name.contains("through") || name.contains("floor")) {
            return Math.max(0, names.step() + random.nextInt(-3, 6));
        }
        if (name.contains("rank") || name.contains("shard") || name.contains("replica")) {
            return changes(2) ? random.nextInt(-1, 5) : value;
        }
        return changes(3) ? NUMBERS[random.nextInt(NUMBERS.length)] : value;
    }
}
