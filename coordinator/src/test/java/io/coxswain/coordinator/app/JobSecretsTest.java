package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.Map;

class JobSecretsTest {
    private static JobSpec job(String data, String runtime, Map<String, String> labels) {
        return new JobSpec(
                "j1",
                "digits",
                new Mesh(2, 3),
                100,
                7,
                data,
                128,
                8,
                1,
                1,
                0,
                1,
                "runtime",
                "agent",
                "process",
                runtime,
                labels);
    }

    @Test
    void noSecretIsShown() {
        String shown =
                JobSecrets.shown(
                        job(
                                "s3://key:S3CRET@bucket/data?X-Auth-Token=S3CRET&part=1",
                                """
                                {"command": ["python3", "train.py", "--api-key=S3CRET", "--lr=0.1",
                                             "--password", "S3CRET", "--epochs", "3"],
                                 "env": {"HF_HOME": "S3CRET", "PLAIN": {"x": ["S3CRET", 7]}},
                                 "inheritEnv": ["PATH", "AWS_SECRET_ACCESS_KEY"],
                                 "config": {"rate": 0.5, "wandbToken": "S3CRET", "secretNumber": 42,
                                            "deep": [{"credentials": {"user": "S3CRET"}},
                                                     "password: S3CRET"],
                                            "url": "https://me:S3CRET@host/x"}}
                                """,
                                Map.of("team", "vision", "auth", "S3CRET")));
        assertThat(shown).doesNotContain("S3CRET").doesNotContain("42");
        assertThat(shown)
                .contains("\"python3\"", "\"train.py\"", "\"--lr=0.1\"", "\"--epochs\"", "\"3\"")
                .contains("\"HF_HOME\" : \"(hidden)\"", "\"AWS_SECRET_ACCESS_KEY\"")
                .contains("\"rate\" : 0.5", "\"team\" : \"vision\"", "part=1", "bucket/data")
                .contains("\"replicas\" : 2", "\"shards\" : 3");
    }

    @Test
    void aRuntimeSectionThatIsNoJsonIsNotShown() {
        assertThat(JobSecrets.shown(job("", "token=S3CRET {", Map.of())))
                .contains("(no JSON)")
                .doesNotContain("S3CRET");
        assertThat(JobSecrets.shown(job("", "", Map.of()))).contains("\"runtime\" : { }");
    }
}
