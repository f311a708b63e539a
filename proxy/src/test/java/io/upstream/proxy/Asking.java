// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A proxy's side of a conversation, for tests of schemes. */
final class Asking {
    private Asking() {}

    /** For a tunnel to {@code authority} through {@code proxy.corp.example:3128}. */
    static TunnelRequest tunnelTo(String authority) {
        return new TunnelRequest(ProxyServer.http(new HostPort("proxy.corp.example", 3128)), authority);
    }

    static TunnelRequest tunnel() {
        return tunnelTo("hub.azure-devices.net:443");
    }

    /** The one challenge of a line as it is on the wire. */
    static ProxyChallenge challenge(String line) {
        List<ProxyChallenge> challenges = ChallengeReader.readAll(List.of(line));
        if (challenges.size() != 1) {
            throw new AssertionError(challenges.toString());
        }
        return challenges.get(0);
    }

    static String answer(Conversation conversation, String line) throws Exception {
        return conversation.answer(challenge(line)).toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    static UpstreamException refusal(Conversation conversation, String line) {
        ExecutionException error = assertThrows(ExecutionException.class, () -> answer(conversation, line));
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    /** Where the proxy has judged the credentials. */
    static UpstreamException refusedCredentials(Conversation conversation, String line) {
        ExecutionException error = assertThrows(ExecutionException.class, () -> answer(conversation, line));
        return assertInstanceOf(CredentialsRefused.class, error.getCause()).failure();
    }
}
