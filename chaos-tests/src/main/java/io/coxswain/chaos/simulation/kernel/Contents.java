package io.coxswain.chaos.simulation.kernel;

import io.coxswain.coordinator.app.EvidencePiece;
import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup.ClassOption;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
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
    /** The hash of one type of records: a class of its own for each, made when it is first met. */
    public abstract static class OfType {
        /** The hash of such a record. */
        public abstract long hash(Object value);
    }

    private static final long NULL = 0x6E756C6CL;
    private static final ClassDesc SUPER = OfType.class.describeConstable().orElseThrow();
    private static final ClassDesc CONTENTS = Contents.class.describeConstable().orElseThrow();
    private static final ClassDesc RANDOMNESS = Randomness.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc OF_OBJECT =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_Object);
    private static final MethodTypeDesc OF_DOUBLE =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_double);
    private static final MethodTypeDesc OF_BOOLEAN =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_boolean);
    private static final MethodTypeDesc OF_TWO =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long, ConstantDescs.CD_long);
    private static final ClassValue<OfType> TYPES =
            new ClassValue<>() {
                @Override
                protected OfType computeValue(Class<?> type) {
                    return ofType(type);
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
            case AgentKey key -> Randomness.mix(text(key.id()), text(key.incarnation()));
            case Record fields -> TYPES.get(fields.getClass()).hash(fields);
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
            case EvidencePiece piece -> text(piece.name());
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

    /** The hash of a component that is a double. */
    public static long hash(double value) {
        return Double.doubleToLongBits(value);
    }

    /** The hash of a component that is a truth value. */
    public static long hash(boolean value) {
        return value ? 1 : 2;
    }

    // Reflection and method handles cost more than what they read here: the code that a person
    // would
    // write for each record is written for each record.
    private static OfType ofType(Class<?> record) {
        ClassDesc type = record.describeConstable().orElseThrow();
        byte[] code =
                ClassFile.of()
                        .build(
                                ClassDesc.of(record.getPackageName(), "ContentsOf"),
                                made ->
                                        made.withSuperclass(SUPER)
                                                .withMethodBody(
                                                        ConstantDescs.INIT_NAME,
                                                        ConstantDescs.MTD_void,
                                                        ClassFile.ACC_PUBLIC,
                                                        body ->
                                                                body.aload(0)
                                                                        .invokespecial(
                                                                                SUPER,
                                                                                ConstantDescs
                                                                                        .INIT_NAME,
                                                                                ConstantDescs
                                                                                        .MTD_void)
                                                                        .return_())
                                                .withMethodBody(
                                                        "hash",
                                                        OF_OBJECT,
                                                        ClassFile.ACC_PUBLIC,
                                                        body -> write(body, record, type)));
        try {
            return (OfType)
                    MethodHandles.privateLookupIn(record, MethodHandles.lookup())
                            .defineHiddenClass(code, true, ClassOption.NESTMATE)
                            .lookupClass()
                            .getConstructor()
                            .newInstance();
        } catch (ReflectiveOperationException closed) {
            throw new IllegalStateException(record + " cannot be read", closed);
        }
    }

    private static void write(CodeBuilder body, Class<?> record, ClassDesc type) {
        body.loadConstant(text(record.getName()));
        for (RecordComponent component : record.getRecordComponents()) {
            Class<?> of = component.getType();
            // Whoever is to be answered is no content.
            if (!of.isAnnotationPresent(FunctionalInterface.class)) {
                body.aload(1)
                        .checkcast(type)
                        .invokevirtual(
                                type,
                                component.getName(),
                                MethodTypeDesc.of(of.describeConstable().orElseThrow()));
                if (of == int.class || of == short.class) {
                    body.i2l();
                } else if (of == float.class || of == double.class) {
                    (of == float.class ? body.f2d() : body)
                            .invokestatic(CONTENTS, "hash", OF_DOUBLE);
                } else if (of == boolean.class) {
                    body.invokestatic(CONTENTS, "hash", OF_BOOLEAN);
                } else if (of != long.class) {
                    if (of.isPrimitive()) {
                        throw unknown(of);
                    }
                    body.invokestatic(CONTENTS, "hash", OF_OBJECT);
                }
                body.invokestatic(RANDOMNESS, "mix", OF_TWO);
            }
        }
        body.lreturn();
    }
}
