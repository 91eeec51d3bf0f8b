package io.coxswain.coordinator.core;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;

/** The core decides and does nothing else: no clock, thread, random number or input and output. */
class PureCoreTest {
    private static final String CORE = "io.coxswain.coordinator.core";

    private static final Set<String> PURE_PACKAGES =
            Set.of(
                    "java.lang",
                    "java.lang.annotation",
                    "java.lang.invoke",
                    "java.lang.runtime",
                    "java.math",
                    "java.nio.charset",
                    "java.util",
                    "java.util.function",
                    "java.util.stream",
                    "java.util.zip",
                    "org.jspecify.annotations");

    /**
     * A message digest is a function of the bytes; a service provider computes it, but all give the
     * same.
     */
    private static final Set<String> PURE_ELSEWHERE =
            Set.of(
                    "java.security.MessageDigest",
                    "java.security.NoSuchAlgorithmException",
                    "java.util.concurrent.TimeUnit");

    private static final Set<String> IMPURE_CLASSES =
            Set.of(
                    "java.lang.ClassLoader",
                    "java.lang.InheritableThreadLocal",
                    "java.lang.Process",
                    "java.lang.ProcessBuilder",
                    "java.lang.ProcessHandle",
                    "java.lang.Runtime",
                    "java.lang.ScopedValue",
                    "java.lang.Thread",
                    "java.lang.ThreadGroup",
                    "java.lang.ThreadLocal",
                    "java.util.Calendar",
                    "java.util.Date",
                    "java.util.GregorianCalendar",
                    "java.util.Random",
                    "java.util.Scanner",
                    "java.util.ServiceLoader",
                    "java.util.SplittableRandom",
                    "java.util.TimeZone",
                    "java.util.Timer",
                    "java.util.TimerTask");

    private static final DescribedPredicate<JavaClass> PURE =
            describe("are pure", PureCoreTest::isPure);

    private static final ArchRule ONLY_PURE_CLASSES =
            classes()
                    .that()
                    .resideInAPackage(CORE + "..")
                    .should()
                    .onlyDependOnClassesThat(PURE)
                    .allowEmptyShould(true);

    private static final ArchRule ONLY_PURE_CALLS =
            noClasses()
                    .that()
                    .resideInAPackage(CORE + "..")
                    .should()
                    .accessTargetWhere(
                            describe("it has an effect or chance in it", PureCoreTest::isImpure))
                    .allowEmptyShould(true);

    @Test
    void dependsOnPureClassesOnly() {
        ONLY_PURE_CLASSES.check(core());
    }

    @Test
    void callsNothingThatHasAnEffectOrChanceInIt() {
        ONLY_PURE_CALLS.check(core());
    }

    @ParameterizedTest
    @ValueSource(classes = {Waits.class, Reads.class})
    void seesAClassThatIsNotPure(Class<?> planted) {
        assertThat(ONLY_PURE_CLASSES.evaluate(only(planted)).hasViolation()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(classes = {Ticks.class, Names.class, Shuffles.class, Prints.class})
    void seesACallThatIsNotPure(Class<?> planted) {
        assertThat(ONLY_PURE_CALLS.evaluate(only(planted)).hasViolation()).isTrue();
    }

    @Test
    void allowsWhatIsPure() {
        assertThat(ONLY_PURE_CLASSES.evaluate(only(Sorts.class)).hasViolation()).isFalse();
        assertThat(ONLY_PURE_CALLS.evaluate(only(Sorts.class)).hasViolation()).isFalse();
    }

    private static JavaClasses core() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(CORE);
    }

    private static JavaClasses only(Class<?> planted) {
        return new ClassFileImporter().importClasses(planted);
    }

    private static boolean isPure(JavaClass type) {
        JavaClass element = type.getBaseComponentType();
        String name = element.getName();
        return element.isPrimitive()
                || name.startsWith(CORE + ".")
                || PURE_ELSEWHERE.contains(name)
                || (PURE_PACKAGES.contains(element.getPackageName())
                        && !IMPURE_CLASSES.contains(outermost(name)));
    }

    private static String outermost(String name) {
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private static boolean isImpure(JavaAccess<?> access) {
        String name = access.getName();
        return switch (access.getTargetOwner().getName()) {
            case "java.lang.System" -> !name.equals("arraycopy");
            case "java.lang.Math", "java.lang.StrictMath" -> name.equals("random");
            case "java.lang.Object" -> Set.of("wait", "notify", "notifyAll").contains(name);
            case "java.util.UUID" -> name.equals("randomUUID");
            case "java.util.Collections" -> name.equals("shuffle") && parameters(access) == 1;
            default -> Set.of("parallel", "parallelStream", "printStackTrace").contains(name);
        };
    }

    private static int parameters(JavaAccess<?> access) {
        return access.getTarget() instanceof CodeUnitAccessTarget target
                ? target.getRawParameterTypes().size()
                : 0;
    }

    static final class Waits {
        boolean interrupted() {
            return Thread.currentThread().isInterrupted();
        }
    }

    static final class Reads {
        boolean exists(java.io.File file) {
            return file.exists();
        }
    }

    static final class Ticks {
        LongSupplier clock() {
            return System::nanoTime;
        }
    }

    static final class Names {
        UUID fresh() {
            return UUID.randomUUID();
        }
    }

    static final class Shuffles {
        void shuffle(List<String> names) {
            Collections.shuffle(names);
        }
    }

    static final class Prints {
        void print(String text) {
            System.err.println(text);
        }
    }

    record Sorts(List<String> names, int longest) {
        List<String> sorted() {
            return names.stream().filter(name -> name.length() < longest).sorted().toList();
        }
    }
}
