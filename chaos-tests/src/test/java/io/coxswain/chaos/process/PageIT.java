package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.chaos.page.Chromium;
import io.coxswain.chaos.page.Tab;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The page of a real run with a real death. With {@code -Dcoxswain.screenshots=FOLDER} it leaves
 * the pictures of the README there.
 */
class PageIT {
    private static final Pattern ADDRESS = Pattern.compile("http://[^\\s/]+:\\d+/?");

    @TempDir private Path profile = Path.of("");

    @Test
    void anIncidentAppearsWithItsPhasesWithoutReload() throws Exception {
        Optional<Path> found = Chromium.find();
        assumeTrue(found.isPresent(), Chromium.MISSING);
        Training.Started run =
                Training.digits(100_000)
                        .mesh(2, 2)
                        .spares(2)
                        .set("runtime.minStepMillis", 20)
                        .with("--http", "0")
                        .kill("1@step:200")
                        .start();
        try (Chromium browser = Chromium.start(found.orElseThrow(), profile)) {
            run.awaitLine(line -> ADDRESS.matcher(line).find());
            Matcher address = ADDRESS.matcher(run.output());
            assertThat(address.find()).isTrue();
            Tab tab = browser.open(address.group());
            tab.eval("window.notReloaded = true");
            tab.await("document.querySelector('#now').dataset.health === 'healthy'");
            assertThat(tab.text("#now-what")).contains("step");

            tab.await("document.querySelector('#incident-list li') !== null");
            tab.await("document.querySelector('#incident-title').textContent.includes('over in')");
            assertThat(tab.text("#incident-cause")).contains("agent-1");
            assertThat(
                            tab.eval(
                                            "[...document.querySelectorAll('#waterfall"
                                                    + " td.num')].every((cell) =>"
                                                    + " /\\d/.test(cell.textContent))")
                                    .asBoolean())
                    .as("each phase has a duration: %s", tab.text("#waterfall"))
                    .isTrue();
            tab.await("document.querySelector('#now').dataset.health === 'healthy'");
            assertThat(tab.text("#tail")).contains("agent-1");
            assertThat(tab.eval("window.notReloaded").asBoolean()).isTrue();
            assertThat(tab.complaints()).isEmpty();
            assertThat(tab.requests()).allMatch(request -> request.startsWith(address.group()));
            shoot(tab);

            run.process().destroy();
            tab.await("!document.querySelector('#banner').hidden");
            assertThat(tab.text("#banner")).startsWith("Disconnected since");
        } finally {
            run.process().destroy();
            run.process().waitFor();
        }
    }

    private static void shoot(Tab tab) throws IOException {
        String folder = System.getProperty("coxswain.screenshots");
        if (folder == null) {
            return;
        }
        Path out = Files.createDirectories(Path.of(folder));
        tab.await(
                "Number(/step ([\\d,]+)/.exec(document.querySelector('#now-what').textContent)?.[1]"
                        + ".replaceAll(',', '')) > 900");
        tab.size(1280, 1180, false);
        for (String scheme : new String[] {"light", "dark"}) {
            tab.prefers(scheme);
            tab.drawn();
            Files.write(out.resolve("page-" + scheme + ".png"), tab.screenshot());
        }
        tab.prefers("light");
        tab.eval("document.querySelector('#incidents').scrollIntoView()");
        tab.drawn();
        Files.write(out.resolve("page-incident.png"), tab.screenshot());
        tab.size(360, 780, true);
        tab.eval("scrollTo(0, 0)");
        tab.drawn();
        Files.write(out.resolve("page-phone.png"), tab.screenshot());
        tab.size(1280, 900, false);
    }
}
