// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.proxy.DigestMemory.Owner;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Digest with one proxy for one attempt, over as many connections as it takes: the same challenge once more asks for the same answer with
 * another count. Answers whatever it is given: what a further challenge means is for the dialogue to judge.
 */
final class DigestConversation implements Conversation {
    private final TunnelRequest request;
    private final UserPassword credentials;
    private final DigestMemory memory;
    private final Supplier<String> clientNonces;
    private final DigestHash.Source hashes;
    private final Owner owner;
    private @Nullable DigestAnswer last;

    DigestConversation(
            TunnelRequest request,
            UserPassword credentials,
            DigestMemory memory,
            Supplier<String> clientNonces,
            DigestHash.Source hashes) {
        this.request = request;
        this.credentials = credentials;
        this.memory = memory;
        this.clientNonces = clientNonces;
        this.hashes = hashes;
        this.owner = new Owner(request.proxy().kind(), request.proxy().address(), credentials.user());
    }

    /** To the challenge that this proxy took an answer to before. */
    @Override
    public Optional<String> unasked() {
        Optional<DigestChallenge> known = memory.accepted(owner);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(valueFor(known.get()));
        } catch (UpstreamException e) {
            return Optional.empty(); // the same will be said when the proxy asks
        }
    }

    @Override
    public CompletionStage<String> answer(ProxyChallenge challenge) {
        try {
            return CompletableFuture.completedFuture(next(challenge));
        } catch (UpstreamException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private String next(ProxyChallenge challenge) throws UpstreamException {
        DigestAnswer before = last;
        if (before != null) {
            memory.forget(owner, before.challenge().nonce());
            close();
        }
        Optional<DigestChallenge> usable = DigestChallenge.of(challenge);
        if (usable.isEmpty()) {
            throw SchemeFailure.refused(
                    request,
                    "offers Digest in a form that nobody here knows: have it offer Digest with SHA-256 or MD5");
        }
        return valueFor(usable.get());
    }

    private String valueFor(DigestChallenge challenge) throws UpstreamException {
        DigestHash hash = hash(challenge.algorithm());
        DigestMemory.Turn turn = memory.next(owner, challenge, clientNonces);
        DigestAnswer answer = new DigestAnswer(challenge, hash, "CONNECT", request.authority(), turn, credentials);
        last = answer;
        return answer.fieldValue();
    }

    private DigestHash hash(DigestAlgorithm algorithm) throws UpstreamException {
        try {
            return new DigestHash(hashes.named(algorithm.jcaName()));
        } catch (NoSuchAlgorithmException e) {
            throw SchemeFailure.noAlgorithm(request, "Digest", algorithm.jcaName(), e);
        }
    }

    /** Remembers what was accepted, once the proxy has shown, if it says anything about it, that it knows the password. */
    @Override
    public void opened(Map<String, List<String>> fields) throws UpstreamException {
        DigestAnswer accepted = last;
        if (accepted == null) {
            return;
        }
        Map<String, String> info = info(fields);
        String proof = info.get("rspauth");
        boolean proven = proof == null || MessageDigest.isEqual(DigestHash.wire(proof), accepted.expectedOfTheProxy());
        close();
        if (!proven) {
            memory.forget(owner, accepted.challenge().nonce());
            throw SchemeFailure.refused(
                    request,
                    "opened the tunnel but does not know the password (rspauth is wrong):"
                            + " something on the way may answer in its place, ask its owner");
        }
        String nextNonce = info.get("nextnonce");
        memory.accept(owner, accepted.challenge(), isUsable(nextNonce) ? nextNonce : null);
    }

    /** What cannot be said back must not be remembered: every later attempt would fail on it before the proxy could give another. */
    private static boolean isUsable(@Nullable String nonce) {
        return nonce != null && !nonce.isEmpty() && OutgoingValue.isSendable(nonce);
    }

    @Override
    public void close() {
        DigestAnswer made = last;
        last = null;
        if (made != null) {
            made.wipe();
        }
    }

    /** The field has the parameters of a challenge without its scheme. */
    private static Map<String, String> info(Map<String, List<String>> fields) {
        return fields.getOrDefault("proxy-authentication-info", List.of()).stream()
                .flatMap(line -> new ChallengeReader("Info " + line).read().stream())
                .map(ProxyChallenge::parameters)
                .filter(parameters -> !parameters.isEmpty())
                .findFirst()
                .orElse(Map.of());
    }
}
