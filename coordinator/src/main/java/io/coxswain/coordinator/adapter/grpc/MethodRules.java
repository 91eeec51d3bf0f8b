package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.security.Role;
import io.grpc.health.v1.HealthGrpc;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Which role may call what. A method that is not listed is nobody's. */
final class MethodRules {
    private static final Set<Role> READERS =
            EnumSet.of(Role.COORDINATOR, Role.OPERATOR, Role.VIEWER);
    private static final Map<String, Set<Role>> RULES = rules();

    private MethodRules() {}

    private static Map<String, Set<Role>> rules() {
        var rules = new HashMap<String, Set<Role>>();
        rules.put(ControlPlaneGrpc.getAttachMethod().getFullMethodName(), EnumSet.of(Role.AGENT));
        rules.put(AdminGrpc.getSubmitMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getCancelMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getPauseMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getResumeMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getHandOverMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getDrainMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getCordonMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getUncordonMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getReportHealthMethod().getFullMethodName(), EnumSet.of(Role.OPERATOR));
        rules.put(AdminGrpc.getStatusMethod().getFullMethodName(), READERS);
        rules.put(AdminGrpc.getEventsMethod().getFullMethodName(), READERS);
        rules.put(AdminGrpc.getLookMethod().getFullMethodName(), READERS);
        rules.put(AdminGrpc.getExplainMethod().getFullMethodName(), READERS);
        rules.put(AdminGrpc.getIncidentsMethod().getFullMethodName(), READERS);
        rules.put(HealthGrpc.getCheckMethod().getFullMethodName(), EnumSet.allOf(Role.class));
        rules.put(HealthGrpc.getWatchMethod().getFullMethodName(), EnumSet.allOf(Role.class));
        return Map.copyOf(rules);
    }

    /** Who may call that method. */
    static Set<Role> callers(String fullMethodName) {
        return RULES.getOrDefault(fullMethodName, Set.of());
    }
}
