package io.coxswain.chaos.simulation.kernel;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Hashes what a message says, the same in every process: records by their components, enums by
 * their names, sets and maps without regard to the order of their iteration. {@code hashCode} will
 * not do: that of an enum or an array is an identity, and {@code Set.of} is salted in each process.
 */
public final class Contents {
    /** One component of a record, read without boxing where it is a whole number. */
    private record Component(@Nullable MethodHandle whole, @Nullable MethodHandle other) {}

    private record Shape(long name, Component[] components) {}

    private static final long NULL = 0x6E756C6CL;
    private static final ClassValue<Shape> SHAPES =
            new ClassValue<>() {
                @Override
                protected Shape computeValue(Class<?> type) {
                    return shape(type);
                }
            };

    private Contents() {}

    /**
     * The hash of a value.
     *
     * @throws IllegalArgumentException if something in it is neither a record nor of a kind whose
     *     content is known; whoever adds such a message has to say here what counts
     */
    public static long hash(@Nullable Object value) {
        return switch (value) {
            case null -> NULL;
            case String text -> text(text);
            case Number number -> number(number);
            case Boolean truth -> truth ? 1 : 2;
            case Enum<?> constant -> text(constant.name());
            case Record fields -> fields(fields);
            case AgentKey key -> Randomness.mix(text(key.id()), text(key.incarnation()));
            case List<?> list -> {
                long hash = list.size();
                for (int i = 0; i < list.size(); i++) {
                    hash = Randomness.mix(hash, hash(list.get(i)));
                }
                yield hash;
            }
            case Set<?> set -> {
                long sum = set.size();
                for (Object each : set) {
                    sum += Randomness.mix(hash(each));
                }
                yield sum;
            }
            case Map<?, ?> map -> {
                long sum = map.size();
                for (Map.Entry<?, ?> each : map.entrySet()) {
                    sum += Randomness.mix(hash(each.getKey()), hash(each.getValue()));
                }
                yield sum;
            }
            case Optional<?> perhaps -> hash(perhaps.orElse(null));
            case long[] numbers -> {
                long hash = numbers.length;
                for (long number : numbers) {
                    hash = Randomness.mix(hash, number);
                }
                yield hash;
            }
            case float[] numbers -> {
                long hash = numbers.length;
                for (float number : numbers) {
                    hash = Randomness.mix(hash, Float.floatToIntBits(number));
                }
                yield hash;
            }
            default -> throw unknown(value.getClass());
        };
    }

    private static IllegalArgumentException unknown(Class<?> type) {
        return new IllegalArgumentException(
                type.getName() + ": what of it is the same in every run? Say so in Contents.hash");
    }

    private static long number(Number number) {
        return switch (number) {
            case Double value -> Double.doubleToLongBits(value);
            case Float value -> Float.floatToIntBits(value);
            case Long value -> value;
            case Integer value -> value;
            case BigInteger value ->
                    Randomness.mix(value.longValue(), value.shiftRight(Long.SIZE).longValue());
            default -> throw unknown(number.getClass());
        };
    }

    private static long text(String text) {
        // Specified, unlike the hashes of most objects.
        return Randomness.mix(text.length(), text.hashCode());
    }

    private static long fields(Record value) {
        Shape shape = SHAPES.get(value.getClass());
        long hash = shape.name();
        for (Component component : shape.components()) {
            hash = Randomness.mix(hash, read(component, value));
        }
        return hash;
    }

    private static long read(Component component, Object from) {
        MethodHandle whole = component.whole();
        MethodHandle other = component.other();
        try {
            return whole != null
                    ? (long) whole.invokeExact(from)
                    : other == null ? NULL : hash((Object) other.invokeExact(from));
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException("an accessor of " + from.getClass(), impossible);
        }
    }

    private static Shape shape(Class<?> type) {
        var components = new ArrayList<Component>();
        for (RecordComponent component : type.getRecordComponents()) {
            Class<?> of = component.getType();
            // Whoever is to be answered is no content.
            if (!of.isAnnotationPresent(FunctionalInterface.class)) {
                MethodHandle accessor = accessor(component.getAccessor());
                boolean whole = of == long.class || of == int.class || of == short.class;
                components.add(
                        whole
                                ? new Component(
                                        accessor.asType(
                                                MethodType.methodType(long.class, Object.class)),
                                        null)
                                : new Component(
                                        null,
                                        accessor.asType(
                                                MethodType.methodType(
                                                        Object.class, Object.class))));
            }
        }
        return new Shape(text(type.getName()), components.toArray(Component[]::new));
    }

    private static MethodHandle accessor(Method method) {
        try {
            method.setAccessible(true);
            return MethodHandles.lookup().unreflect(method);
        } catch (IllegalAccessException closed) {
            throw new IllegalStateException(method + " cannot be read", closed);
        }
    }
}
