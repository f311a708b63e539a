// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.proxy.SchemeChoice.Option;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheme that is being spoken, and how far. Stands between us and conversations that others have written: what they throw, and null, is
 * their failure. Ends the conversation once. Confined to the event loop.
 */
final class Turn implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Turn.class);

    private final Option option;
    private @Nullable Conversation conversation;
    private ProxyChallenge challenge;
    private String value = "";
    private Binding binding = Binding.FREE;
    private int answers;

    private enum Binding {
        FREE,
        TO_THE_CONNECTION
    }

    /** @param conversation ended with this */
    Turn(Option option, Conversation conversation) {
        this.option = option;
        this.conversation = conversation;
        this.challenge = option.challenge();
    }

    Option option() {
        return option;
    }

    /** What was answered last, or is being answered. */
    ProxyChallenge challenge() {
        return challenge;
    }

    /** What was said last. */
    String value() {
        return value;
    }

    /** How many answers were given to challenges. */
    int answers() {
        return answers;
    }

    boolean spokeUnasked() {
        return answers == 0;
    }

    /** Whether the dialogue only goes on over the connection of the last answer. */
    boolean isBound() {
        return binding == Binding.TO_THE_CONNECTION;
    }

    boolean isOver() {
        return conversation == null;
    }

    /** What the scheme says before the proxy asks, or empty; whatever it throws is thrown. */
    String unasked() {
        Conversation open = conversation;
        if (open == null) {
            return "";
        }
        Optional<String> said = open.unasked();
        value = said.orElse("");
        bind(open);
        return value;
    }

    /** Never throws; may complete with null, and on any thread. */
    CompletionStage<String> answer(ProxyChallenge next) {
        challenge = next;
        Conversation open = conversation;
        if (open == null) {
            return CompletableFuture.failedFuture(new IllegalStateException("the conversation is over"));
        }
        try {
            CompletionStage<String> said = open.answer(next);
            return said == null ? CompletableFuture.failedFuture(new NullPointerException("answered null")) : said;
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** An answer is there; whatever the conversation throws is thrown. */
    void answered(String said) {
        value = said;
        answers++;
        Conversation open = conversation;
        if (open != null) {
            bind(open);
        }
    }

    private void bind(Conversation open) {
        binding = open.isBound() ? Binding.TO_THE_CONNECTION : Binding.FREE;
    }

    /** @throws UpstreamException if the proxy had to prove itself and did not; what else the conversation throws is thrown, too */
    void opened(ConnectResponse response) throws UpstreamException {
        Conversation open = conversation;
        if (open == null) {
            return;
        }
        Map<String, List<String>> fields = new LinkedHashMap<>();
        response.fields()
                .forEach(field -> fields.computeIfAbsent(field.name(), unused -> new ArrayList<>())
                        .add(field.value()));
        open.opened(fields);
    }

    @Override
    public void close() {
        Conversation open = conversation;
        conversation = null;
        if (open == null) {
            return;
        }
        try {
            open.close();
        } catch (RuntimeException | Error e) {
            log.warn(
                    "the authenticator for {} failed when its conversation was over",
                    option.challenge().scheme(),
                    e);
        }
    }
}
