// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.ietf.jgss.GSSException;
import org.jspecify.annotations.Nullable;

/**
 * SPNEGO with one proxy over one connection. What may wait for the KDC is done by the worker, and under a time limit. Closing waits for nobody:
 * what the worker is busy with is disposed of by the worker.
 */
final class NegotiateConversation implements Conversation {
    private static final String SCHEME = "Negotiate ";

    /** What every message of NTLM begins with, in base64. */
    private static final String NTLM_IN_BASE64 = "TlRMTVNTUA";

    private final TunnelRequest request;
    private final Negotiate.Terms terms;
    private final KerberosWorker worker;
    private volatile @Nullable KerberosDialogue dialogue;
    private volatile String principal;
    private final AtomicReference<Use> use = new AtomicReference<>(Use.NONE);
    private CompletableFuture<byte[]> underWay = CompletableFuture.completedFuture(new byte[0]);
    private boolean begun;

    /** Who may touch the security context. */
    private enum Use {
        /** Whoever comes next. */
        NONE,
        THE_WORKERS,
        /** Still the worker's, who is to dispose of it. */
        THE_WORKERS_LAST,
        OVER
    }

    NegotiateConversation(TunnelRequest request, Negotiate.Terms terms, KerberosWorker worker) {
        this.request = request;
        this.terms = terms;
        this.worker = worker;
        this.principal = "HTTP/" + request.proxy().address().host();
    }

    @Override
    public boolean isBound() {
        return begun;
    }

    @Override
    public CompletionStage<String> answer(ProxyChallenge challenge) {
        byte[] token;
        try {
            token = token(challenge.token());
        } catch (UpstreamException e) {
            return CompletableFuture.failedFuture(e);
        }
        begun = true;
        underWay = worker.submit(() -> next(token));
        return underWay.orTimeout(terms.timeout().toNanos(), TimeUnit.NANOSECONDS)
                .handle(this::field)
                .thenCompose(field -> field);
    }

    private byte[] token(String base64) throws UpstreamException {
        if (begun && base64.isEmpty()) {
            throw SchemeFailure.refused(
                    request,
                    "does not take this Kerberos ticket: check that " + principal
                            + " is its service principal, and that this machine's clock is right");
        }
        if (base64.startsWith(NTLM_IN_BASE64)) {
            throw SchemeFailure.refused(
                    request, "wants NTLM within Negotiate: have it offer Kerberos, or NTLM by name");
        }
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw SchemeFailure.of(FailureKind.PROTOCOL, request, "sent a Negotiate token that is not base64", null);
        }
    }

    /** On the worker's thread. */
    private byte[] next(byte[] token) throws Exception {
        if (!use.compareAndSet(Use.NONE, Use.THE_WORKERS)) {
            throw new CancellationException("the conversation is over");
        }
        try {
            KerberosDialogue open = dialogue;
            if (open == null) {
                principal = servicePrincipal();
                open = KerberosDialogue.with(principal);
                dialogue = open;
            }
            return open.next(token);
        } finally {
            if (!use.compareAndSet(Use.THE_WORKERS, Use.NONE)) {
                use.set(Use.OVER);
                dispose();
            }
        }
    }

    @Override
    public void close() {
        underWay.cancel(false); // the worker passes it over if it has not begun
        if (use.compareAndSet(Use.NONE, Use.OVER)) {
            dispose();
        } else if (!use.compareAndSet(Use.THE_WORKERS, Use.THE_WORKERS_LAST) && use.compareAndSet(Use.NONE, Use.OVER)) {
            dispose(); // the worker has just ended
        }
    }

    private void dispose() {
        KerberosDialogue open = dialogue;
        dialogue = null;
        if (open != null) {
            open.close();
        }
    }

    private String servicePrincipal() throws UpstreamException {
        String spn = terms.spn();
        return spn != null ? spn : ServiceName.of(request, terms.canonicalization());
    }

    private CompletableFuture<String> field(byte @Nullable [] token, @Nullable Throwable error) {
        if (error != null) {
            return CompletableFuture.failedFuture(failure(SchemeFailure.unwrap(error)));
        }
        if (token == null || token.length == 0) {
            return CompletableFuture.failedFuture(
                    SchemeFailure.refused(request, "asks for more when Kerberos has said everything"));
        }
        return CompletableFuture.completedFuture(SCHEME + Base64.getEncoder().encodeToString(token));
    }

    private UpstreamException failure(Throwable error) {
        if (error instanceof UpstreamException told) {
            return told;
        }
        if (error instanceof TimeoutException) {
            return SchemeFailure.ours(
                    FailureKind.TIMEOUT,
                    request,
                    "wants a Kerberos ticket, and there was none within "
                            + terms.timeout().toMillis()
                            + " ms: check the KDC in krb5.conf and any firewall on the way to it",
                    error);
        }
        if (error instanceof KerberosWorker.NoTicketException) {
            return SchemeFailure.of(
                    FailureKind.PROXY_AUTH,
                    request,
                    "wants Kerberos, and there is no ticket here: " + error.getMessage(),
                    error);
        }
        if (error instanceof RejectedExecutionException) {
            return SchemeFailure.ours(
                    FailureKind.INTERNAL,
                    request,
                    "wants Kerberos, whose login here is closed or has too many waiting for it",
                    error);
        }
        return SchemeFailure.of(
                FailureKind.PROXY_AUTH,
                request,
                "cannot be answered by Kerberos: check its service principal, krb5.conf and this machine's clock",
                error);
    }

    /** The proxy may prove now who it is; this needs no KDC. */
    @Override
    public void opened(Map<String, List<String>> fields) throws UpstreamException {
        KerberosDialogue open = dialogue;
        if (open == null) {
            return;
        }
        Optional<String> proof = Stream.of("proxy-authenticate", "proxy-authentication-info")
                .flatMap(name -> ChallengeReader.readAll(fields.getOrDefault(name, List.of())).stream())
                .filter(challenge -> challenge.isOf("Negotiate"))
                .map(ProxyChallenge::token)
                .filter(token -> !token.isEmpty())
                .findFirst();
        try {
            if (proof.isPresent()) {
                open.verify(Base64.getDecoder().decode(proof.get()));
            } else if (terms.requireMutual()) {
                throw unproven(null);
            }
        } catch (GSSException | IllegalArgumentException e) {
            throw unproven(e);
        }
    }

    private UpstreamException unproven(@Nullable Throwable cause) {
        return SchemeFailure.of(
                FailureKind.PROXY_AUTH,
                request,
                "opened the tunnel but did not prove that it is who the ticket is for:"
                        + " something on the way may answer in its place, ask its owner",
                cause);
    }
}
