package io.coxswain.chaos.simulation.kernel;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * Hashes what a message says, the same in every process: records by their components, enums by
 * their names, sets and maps without regard to the order of their iteration. {@code hashCode} will
 * not do: that of an enum or an array is an identity, and {@code Set.of} is salted in each process.
 */
public final class Contents {
    /** One component of a record, read without boxing where it is a whole number. */
    private record Component(
            @Nullable ToLongFunction<Object> whole, @Nullable Function<Object, Object> other) {
        long hash(Object from) {
            ToLongFunction<Object> number = whole;
            Function<Object, Object> value = other;
            return number != null
                    ? number.applyAsLong(from)
                    : value == null ? NULL : Contents.hash(value.apply(from));
        }
    }

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
            hash = Randomness.mix(hash, component.hash(value));
        }
        return hash;
    }

    private static Shape shape(Class<?> type) {
        var components = new ArrayList<Component>();
        for (RecordComponent component : type.getRecordComponents()) {
            // Whoever is to be answered is no content.
            if (!component.getType().isAnnotationPresent(FunctionalInterface.class)) {
                components.add(component(type, component));
            }
        }
        return new Shape(text(type.getName()), components.toArray(Component[]::new));
    }

    @SuppressWarnings("unchecked")
    private static Component component(Class<?> record, RecordComponent component) {
        Class<?> type = component.getType();
        boolean whole = type == long.class || type == int.class || type == short.class;
        try {
            var lookup = MethodHandles.privateLookupIn(record, MethodHandles.lookup());
            MethodHandle accessor = lookup.unreflect(component.getAccessor());
            // Lambdas rather than method handles: a handle that is no constant is interpreted.
            return whole
                    ? new Component(
                            (ToLongFunction<Object>)
                                    LambdaMetafactory.metafactory(
                                                    lookup,
                                                    "applyAsLong",
                                                    MethodType.methodType(ToLongFunction.class),
                                                    MethodType.methodType(long.class, Object.class),
                                                    accessor,
                                                    MethodType.methodType(long.class, record))
                                            .getTarget()
                                            .invoke(),
                            null)
                    : new Component(
                            null,
                            (Function<Object, Object>)
                                    LambdaMetafactory.metafactory(
                                                    lookup,
                                                    "apply",
                                                    MethodType.methodType(Function.class),
                                                    MethodType.methodType(
                                                            Object.class, Object.class),
                                                    accessor,
                                                    MethodType.methodType(
                                                            type.isPrimitive()
                                                                    ? accessor.type()
                                                                            .wrap()
                                                                            .returnType()
                                                                    : type,
                                                            record))
                                            .getTarget()
                                            .invoke());
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable closed) {
            throw new IllegalStateException(component + " of " + record + " cannot be read", closed);
        }
    }
}
