// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * NTLM with one proxy over one connection: another connection begins another conversation. A proxy that asks afresh in the middle, instead
 * of giving its challenge, is humoured once.
 */
final class NtlmConversation implements Conversation {
    private static final String SCHEME = "NTLM ";

    private final TunnelRequest request;
    private final UserPassword credentials;
    private final Supplier<byte[]> clientNonces;
    private final Clock clock;
    private final byte[] negotiate = NtlmMessages.negotiate();
    private Turn turn = Turn.NOTHING_SAID;
    private int restarts;

    private enum Turn {
        NOTHING_SAID,
        NEGOTIATED,
        AUTHENTICATED
    }

    NtlmConversation(TunnelRequest request, UserPassword credentials, Supplier<byte[]> clientNonces, Clock clock) {
        this.request = request;
        this.credentials = credentials;
        this.clientNonces = clientNonces;
        this.clock = clock;
    }

    @Override
    public boolean isBound() {
        return turn != Turn.NOTHING_SAID;
    }

    @Override
    public CompletionStage<String> answer(ProxyChallenge challenge) {
        try {
            return CompletableFuture.completedFuture(
                    SCHEME + Base64.getEncoder().encodeToString(next(challenge.token())));
        } catch (UpstreamException | CredentialsRefused e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private byte[] next(String token) throws UpstreamException, CredentialsRefused {
        switch (turn) {
            case NOTHING_SAID -> {
                turn = Turn.NEGOTIATED;
                return negotiate.clone();
            }
            case NEGOTIATED -> {
                if (!token.isEmpty()) {
                    turn = Turn.AUTHENTICATED;
                    return authenticate(token);
                }
                if (restarts++ > 0) {
                    throw SchemeFailure.refused(
                            request,
                            "forgets the NTLM dialogue while it lasts: it must keep the connection open between its answers");
                }
                return negotiate.clone();
            }
            default -> throw SchemeFailure.wrongCredentials(request, "NTLM");
        }
    }

    private byte[] authenticate(String token) throws UpstreamException {
        NtlmChallenge challenge = read(token);
        boolean current = challenge.has(NtlmFlags.TARGET_INFO) && challenge.has(NtlmFlags.EXTENDED_SESSION_SECURITY);
        if (!current && !request.proxy().authentication().allowsLegacyNtlm()) {
            throw SchemeFailure.refused(
                    request,
                    "speaks an NTLM that is too old to be safe: have it updated, or allow legacy NTLM (NtlmLegacy)");
        }
        if (!challenge.has(NtlmFlags.UNICODE)) {
            throw SchemeFailure.refused(request, "speaks an NTLM without Unicode: have it updated");
        }
        NtlmResponse response = new NtlmResponse(
                NtlmAccount.of(credentials.user()),
                credentials.password(),
                "HTTP/" + request.proxy().address().host());
        try {
            return response.to(challenge, negotiate, clientNonces.get(), clock.instant());
        } catch (GeneralSecurityException e) {
            throw SchemeFailure.noAlgorithm(request, "NTLM", "HMAC-MD5", e);
        }
    }

    private NtlmChallenge read(String token) throws UpstreamException {
        try {
            return NtlmChallenge.read(token);
        } catch (IllegalArgumentException e) {
            throw SchemeFailure.of(
                    FailureKind.PROTOCOL,
                    request,
                    "sent an NTLM challenge that cannot be used, " + e.getMessage(),
                    null);
        }
    }
}
