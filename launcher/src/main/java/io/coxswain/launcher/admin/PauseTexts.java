package io.coxswain.launcher.admin;

import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeResponse;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What became of pause and resume, for people and tools. Stateless. */
public final class PauseTexts {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private PauseTexts() {}

    /** Of a job that stands. */
    public static String words(PauseResponse paused) {
        return "job "
                + paused.getJobId()
                + (paused.getAlready() ? " was paused already" : " is paused")
                + " after step "
                + paused.getStep()
                + "; coxswain resume "
                + paused.getJobId()
                + " lets it go on";
    }

    /** Of a job that goes on. */
    public static String words(ResumeResponse resumed) {
        return "job "
                + resumed.getJobId()
                + (resumed.getAlready() ? " was not paused" : " goes on")
                + " after step "
                + resumed.getStep();
    }

    /** One object: job, paused, step, already; or why not. */
    public static String json(PauseResponse answer) {
        return json(
                "paused",
                answer.getPaused(),
                answer.getRefusal(),
                answer.getJobId(),
                answer.getStep(),
                answer.getAlready());
    }

    /** One object: job, resumed, step, already; or why not. */
    public static String json(ResumeResponse answer) {
        return json(
                "resumed",
                answer.getResumed(),
                answer.getRefusal(),
                answer.getJobId(),
                answer.getStep(),
                answer.getAlready());
    }

    private static String json(
            String what, boolean done, String refusal, String job, long step, boolean already) {
        ObjectNode node = JSON.createObjectNode();
        node.put(what, done);
        if (done) {
            node.put("job", job).put("step", step).put("already", already);
        } else {
            node.put("refusal", refusal);
        }
        return JSON.writeValueAsString(node);
    }
}
