package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.security.Role;
import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthGrpc;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

class MethodRulesTest {
    private static final List<Role> COLUMNS =
            List.of(Role.COORDINATOR, Role.AGENT, Role.OPERATOR, Role.VIEWER);

    private static Stream<String> methods() {
        return Stream.of(
                        ControlPlaneGrpc.getServiceDescriptor(),
                        AdminGrpc.getServiceDescriptor(),
                        HealthGrpc.getServiceDescriptor())
                .flatMap(service -> service.getMethods().stream())
                .map(MethodDescriptor::getFullMethodName);
    }

    @Test
    void everyMethodHasARule() {
        assertThat(methods())
                .allSatisfy(method -> assertThat(MethodRules.callers(method)).isNotEmpty());
    }

    @Test
    void agentsOnlyAttachAndViewersOnlyRead() {
        assertThat(methods().filter(method -> MethodRules.callers(method).contains(Role.AGENT)))
                .containsExactlyInAnyOrder(
                        "coxswain.control.v1.ControlPlane/Attach",
                        "grpc.health.v1.Health/Check",
                        "grpc.health.v1.Health/Watch");
        assertThat(methods().filter(method -> MethodRules.callers(method).contains(Role.VIEWER)))
                .doesNotContain(
                        "coxswain.admin.v1.Admin/Submit",
                        "coxswain.admin.v1.Admin/Cancel",
                        "coxswain.admin.v1.Admin/HandOver",
                        "coxswain.control.v1.ControlPlane/Attach");
        assertThat(MethodRules.callers("coxswain.control.v1.ControlPlane/Attach"))
                .isEqualTo(Set.of(Role.AGENT));
    }

    /** The table of docs/security.md has every method, once, and says what the rules say. */
    @Test
    void theDocumentSaysWhoMay() throws IOException {
        var told = new TreeMap<String, Set<Role>>();
        for (String line : document()) {
            String[] cells = line.split("\\|", -1);
            Set<Role> callers = EnumSet.noneOf(Role.class);
            for (int i = 0; i < COLUMNS.size(); i++) {
                if (!cells[i + 2].isBlank()) {
                    callers.add(COLUMNS.get(i));
                }
            }
            Matcher name = Pattern.compile("`([^`]+)`").matcher(cells[1]);
            String service = "";
            while (name.find()) {
                int slash = name.group(1).indexOf('/');
                service = slash < 0 ? service : name.group(1).substring(0, slash);
                String method = service + "/" + name.group(1).substring(slash + 1);
                assertThat(told.put(method, callers)).as(method).isNull();
            }
        }
        var rules = new TreeMap<String, Set<Role>>();
        methods()
                .filter(method -> !method.startsWith("grpc.health"))
                .forEach(method ->
                        rules.put(method.replaceFirst("^.*\\.", ""), MethodRules.callers(method)));
        rules.put("/grpc.health.v1.Health", EnumSet.allOf(Role.class));
        assertThat(told).isEqualTo(rules);
    }

    // The rows between the head and "anything else".
    private static List<String> document() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path page = here.resolve("docs/security.md");
        return Files.readAllLines(Files.exists(page) ? page : here.resolve("../docs/security.md"))
                .stream()
                .dropWhile(line -> !line.startsWith("| method |"))
                .skip(2)
                .takeWhile(line -> !line.startsWith("| anything else"))
                .toList();
    }

    @Test
    void whatIsNotListedIsNobodys() {
        assertThat(MethodRules.callers("grpc.reflection.v1.ServerReflection/ServerReflectionInfo"))
                .isEmpty();
    }
}
