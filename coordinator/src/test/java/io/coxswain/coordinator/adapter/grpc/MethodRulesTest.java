package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.security.Role;
import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthGrpc;

import org.junit.jupiter.api.Test;

import java.util.Set;
import java.util.stream.Stream;

class MethodRulesTest {
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

    @Test
    void whatIsNotListedIsNobodys() {
        assertThat(MethodRules.callers("grpc.reflection.v1.ServerReflection/ServerReflectionInfo"))
                .isEmpty();
    }
}
