package io.coxswain.coordinator.core.keyvalue;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class KeyValueStoreTest {
    private static final AgentKey ANNA = new AgentKey("anna", "a".repeat(32));
    private static final AgentKey BERT = new AgentKey("bert", "b".repeat(32));
    private static final KeyValueStore.Limits SMALL = new KeyValueStore.Limits(8, 10, 3, 30, 15, 4);

    private KeyValueStore store = new KeyValueStore(KeyValueStore.Limits.DEFAULT);
    private final List<KeyValueStore.Answer> answers = new ArrayList<>();
    private long epoch = 5;
    private long nextId = 1;

    private KeyValueStoreTest() {
        open(5);
    }

    private void open(long newEpoch) {
        epoch = newEpoch;
        answers.addAll(store.open(newEpoch));
    }

    private long ask(AgentKey agent, KeyValueOperation operation) {
        return ask(agent, nextId++, 0, operation);
    }

    private long ask(AgentKey agent, long id, long settled, KeyValueOperation operation) {
        answers.addAll(store.ask(agent, new KeyValueStore.Ask(id, settled, epoch, operation)));
        return id;
    }

    /** The one answer to that request; taken. */
    private KeyValueResult answer(long id) {
        List<KeyValueStore.Answer> found = answers.stream().filter(a -> a.id() == id).toList();
        assertThat(found).hasSize(1);
        answers.removeAll(found);
        return found.getFirst().result();
    }

    private KeyValueResult done(AgentKey agent, KeyValueOperation operation) {
        return answer(ask(agent, operation));
    }

    private @Nullable KeyValueCode refusal(KeyValueOperation operation) {
        KeyValueResult result = done(ANNA, operation);
        assertThat(result.message().isEmpty()).isEqualTo(result.code() == null);
        return result.code();
    }

    private static KeyValueOperation set(String key, String value) {
        return new KeyValueOperation.Set(key, value.getBytes(UTF_8));
    }

    private static KeyValueOperation get(String... keys) {
        return new KeyValueOperation.Get(List.of(keys), false, false);
    }

    private static KeyValueOperation await(String... keys) {
        return new KeyValueOperation.Get(List.of(keys), true, false);
    }

    private static KeyValueOperation compare(String key, String expected, String desired) {
        return new KeyValueOperation.CompareSet(
                key, expected.getBytes(UTF_8), desired.getBytes(UTF_8));
    }

    private static List<String> texts(KeyValueResult result) {
        assertThat(result.code()).isNull();
        return result.values().stream().map(value -> new String(value, UTF_8)).toList();
    }

    @Test
    void whatOneSetsAllRead() {
        assertThat(done(ANNA, set("k", "one")).code()).isNull();
        done(ANNA, set("k2", "two"));

        assertThat(texts(done(BERT, get("k2", "k")))).containsExactly("two", "one");
        done(BERT, set("k", ""));
        assertThat(texts(done(ANNA, get("k")))).containsExactly("");
        assertThat(done(ANNA, new KeyValueOperation.Count("k")).number()).isEqualTo(2);
        assertThat(done(ANNA, new KeyValueOperation.Count("k2")).number()).isEqualTo(1);
    }

    @Test
    void aKeyThatIsAbsentIsSaidOrWaitedFor() {
        assertThat(done(ANNA, get("k")).code()).isEqualTo(KeyValueCode.NOT_FOUND);

        long waiting = ask(ANNA, await("k"));
        assertThat(answers).isEmpty();
        long setting = ask(BERT, set("k", "v"));

        assertThat(answers.stream().map(KeyValueStore.Answer::agent)).containsExactly(BERT, ANNA);
        assertThat(texts(answer(waiting))).containsExactly("v");
        assertThat(answer(setting).code()).isNull();
        assertThat(store.waiting()).isZero();
    }

    @Test
    void severalKeysAreAnsweredWhenAllAreThereAtOneTime() {
        long waiting = ask(ANNA, await("a", "b", "c"));
        done(BERT, set("b", "2"));
        done(BERT, set("a", "1"));
        done(BERT, new KeyValueOperation.Delete("b"));
        done(BERT, set("c", "3"));
        assertThat(answers).isEmpty();

        done(BERT, set("b", "4"));

        assertThat(texts(answer(waiting))).containsExactly("1", "4", "3");
    }

    @Test
    void presenceAloneCostsNoValues() {
        done(ANNA, set("k", "v"));
        KeyValueResult there = done(ANNA, new KeyValueOperation.Get(List.of("k"), false, true));
        assertThat(there.code()).isNull();
        assertThat(there.values()).isEmpty();
        assertThat(done(ANNA, new KeyValueOperation.Get(List.of("x"), false, true)).code())
                .isEqualTo(KeyValueCode.NOT_FOUND);
    }

    @Test
    void countersCountFromZeroAndAreTextsToo() {
        assertThat(done(ANNA, new KeyValueOperation.Add("n", 2)).number()).isEqualTo(2);
        assertThat(done(BERT, new KeyValueOperation.Add("n", -5)).number()).isEqualTo(-3);
        assertThat(texts(done(BERT, get("n")))).containsExactly("-3");

        done(ANNA, set("n", "seven"));
        assertThat(refusal(new KeyValueOperation.Add("n", 1))).isEqualTo(KeyValueCode.BAD_REQUEST);
        done(ANNA, set("n", Long.toString(Long.MAX_VALUE)));
        assertThat(refusal(new KeyValueOperation.Add("n", 1))).isEqualTo(KeyValueCode.BAD_REQUEST);
        assertThat(texts(done(BERT, get("n")))).containsExactly(Long.toString(Long.MAX_VALUE));
    }

    @Test
    void anAdditionWakesWhoeverWaits() {
        long waiting = ask(ANNA, await("n"));
        done(BERT, new KeyValueOperation.Add("n", 1));
        assertThat(texts(answer(waiting))).containsExactly("1");
    }

    @Test
    void comparingSetsOnceAndTellsWhatIsThere() {
        assertThat(texts(done(ANNA, compare("k", "x", "1")))).containsExactly("");
        assertThat(done(ANNA, get("k")).code()).isEqualTo(KeyValueCode.NOT_FOUND);
        assertThat(texts(done(ANNA, compare("k", "", "1")))).containsExactly("1");
        assertThat(texts(done(BERT, compare("k", "", "2")))).containsExactly("1");
        assertThat(texts(done(BERT, compare("k", "1", "2")))).containsExactly("2");
    }

    @Test
    void deletingSaysWhetherThereWasAnything() {
        done(ANNA, set("k", "v"));
        assertThat(done(BERT, new KeyValueOperation.Delete("k")).number()).isEqualTo(1);
        assertThat(done(BERT, new KeyValueOperation.Delete("k")).number()).isZero();
        assertThat(store.size()).isZero();
    }

    @Test
    void aNewerViewHasNothingOfTheOlderOne() {
        done(ANNA, set("k", "v"));
        long waiting = ask(BERT, await("x"));

        open(7);

        assertThat(answer(waiting).code()).isEqualTo(KeyValueCode.EPOCH_OVER);
        assertThat(done(ANNA, get("k")).code()).isEqualTo(KeyValueCode.NOT_FOUND);
        epoch = 5;
        KeyValueResult late = done(ANNA, set("k", "late"));
        assertThat(late.code()).isEqualTo(KeyValueCode.EPOCH_OVER);
        assertThat(late.message()).contains("epoch 7").contains("epoch 5");
        epoch = 7;
        assertThat(store.size()).isZero();
        epoch = 8;
        assertThat(done(ANNA, set("k", "early")).code()).isEqualTo(KeyValueCode.EPOCH_OVER);
    }

    @Test
    void aFenceEndsWhatIsOlderAndNothingElse() {
        done(ANNA, set("k", "v"));
        long waiting = ask(BERT, await("x"));
        answers.addAll(store.fence(5));
        assertThat(answers).isEmpty();

        answers.addAll(store.fence(6));

        assertThat(answer(waiting).code()).isEqualTo(KeyValueCode.EPOCH_OVER);
        assertThat(done(ANNA, get("k")).code()).isEqualTo(KeyValueCode.EPOCH_OVER);
        open(6);
        assertThat(done(ANNA, get("k")).code()).isEqualTo(KeyValueCode.NOT_FOUND);
    }

    @Test
    void theSameViewOpenedAgainKeepsItsKeys() {
        done(ANNA, set("k", "v"));
        open(5);
        assertThat(texts(done(ANNA, get("k")))).containsExactly("v");
    }

    @Test
    void whatIsAskedAgainIsDoneOnceAndAnsweredTheSame() {
        long id = ask(ANNA, new KeyValueOperation.Add("n", 1));
        assertThat(answer(id).number()).isEqualTo(1);
        ask(ANNA, id, 0, new KeyValueOperation.Add("n", 1));
        assertThat(answer(id).number()).isEqualTo(1);
        // Another agent's request with the same id is another request.
        ask(BERT, id, 0, new KeyValueOperation.Add("n", 1));
        assertThat(answer(id).number()).isEqualTo(2);
        // It has the answer: a late repeat is nothing, and the memory is given back.
        ask(ANNA, id + 50, id + 1, new KeyValueOperation.Add("n", 1));
        assertThat(answer(id + 50).number()).isEqualTo(3);
        ask(ANNA, id, id + 1, new KeyValueOperation.Add("n", 1));
        assertThat(answers).isEmpty();
    }

    @Test
    void whoWaitsAndAsksAgainIsAnsweredOnce() {
        long id = ask(ANNA, await("k"));
        ask(ANNA, id, 0, await("k"));
        assertThat(store.waiting()).isEqualTo(1);
        done(BERT, set("k", "v"));
        assertThat(texts(answer(id))).containsExactly("v");
    }

    @Test
    void nobodyIsAnsweredWhoGaveUpOrIsLost() {
        long anna = ask(ANNA, await("k"));
        ask(BERT, await("k"));
        store.forget(ANNA, anna, anna + 1);
        store.gone(BERT);
        assertThat(store.waiting()).isZero();

        done(ANNA, set("k", "v"));
        assertThat(answers).isEmpty();
    }

    @Test
    void eachBoundHasItsOwnError() {
        store = new KeyValueStore(SMALL);
        open(5);
        assertThat(refusal(set("", "v"))).isEqualTo(KeyValueCode.BAD_REQUEST);
        assertThat(refusal(new KeyValueOperation.Get(List.of(), false, false)))
                .isEqualTo(KeyValueCode.BAD_REQUEST);
        // Eight characters, nine bytes.
        assertThat(refusal(set("1234567ü", "v"))).isEqualTo(KeyValueCode.KEY_TOO_LONG);
        assertThat(refusal(await("123456789"))).isEqualTo(KeyValueCode.KEY_TOO_LONG);
        assertThat(refusal(set("k", "12345678901"))).isEqualTo(KeyValueCode.VALUE_TOO_LARGE);
        assertThat(store.size()).isZero();

        assertThat(settle(set("a", "1234567890"))).isNull();
        assertThat(settle(set("b", "1234567890"))).isNull();
        assertThat(settle(set("c", "123456789"))).isEqualTo(KeyValueCode.STORE_FULL);
        assertThat(settle(set("c", ""))).isNull();
        assertThat(settle(set("d", ""))).isEqualTo(KeyValueCode.TOO_MANY_KEYS);
        assertThat(refusal(get("a", "b"))).isEqualTo(KeyValueCode.ANSWER_TOO_LARGE);
        // A value that is replaced or deleted makes room.
        assertThat(settle(set("b", "1"))).isNull();
        assertThat(settle(set("c", "123456789"))).isNull();
        assertThat(settle(new KeyValueOperation.Delete("a"))).isNull();
        assertThat(settle(set("d", "1234567890"))).isNull();

        for (int i = 0; i < SMALL.requests(); i++) {
            ask(ANNA, nextId, nextId, await("x" + i));
            nextId++;
        }
        assertThat(refusal(await("y"))).isEqualTo(KeyValueCode.TOO_MANY_REQUESTS);
        assertThat(done(BERT, get("d")).code()).isNull();
    }

    /** As an agent that has all former answers. */
    private @Nullable KeyValueCode settle(KeyValueOperation operation) {
        long id = nextId++;
        return answer(ask(ANNA, id, id, operation)).code();
    }

    @Test
    void beforeTheFirstViewNothingIsServed() {
        store = new KeyValueStore(SMALL);
        assertThat(refusal(set("k", "v"))).isEqualTo(KeyValueCode.EPOCH_OVER);
    }
}
