// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthentication.Strength;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.PeerClock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** User and password of one attempt through a SOCKS proxy: whether they may be shown, and who is asked for them. Confined to the event loop. */
final class SocksLogin {
    private final ProxyServer proxy;
    private final CredentialsSource credentials;
    private PeerClock clock = new PeerClock();
    private int refusals;

    /** @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if the credentials cannot be expressed */
    SocksLogin(ProxyServer proxy) throws UpstreamException {
        this.proxy = proxy;
        this.credentials = new CredentialsSource(proxy);
        check(proxy.authentication().userPassword(), Where.here("proxy"));
    }

    /** For one attempt, whose clock stands still while credentials are looked for. */
    void begin(PeerClock attempts) {
        clock = attempts;
    }

    boolean isVersion5() {
        return proxy.kind() == ProxyKind.SOCKS5 || proxy.kind() == ProxyKind.SOCKS5H;
    }

    private void check(@Nullable UserPassword credentials, Where where) throws UpstreamException {
        try {
            if (credentials != null && isVersion5()) {
                Socks5Dialogue.check(credentials);
            } else if (credentials != null && !credentials.password().isEmpty()) {
                throw new IllegalArgumentException(
                        "SOCKS 4 has user names and no passwords: use socks5:// or leave it out");
            }
        } catch (IllegalArgumentException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION, where, proxy + " cannot be used, " + e.getMessage(), e);
        }
    }

    /**
     * The proxy does not take what was found last.
     *
     * @return whether to find others, for another connection
     */
    boolean refused() {
        if (!credentials.hasOthers() || refusals++ > 0) {
            return false;
        }
        credentials.reject();
        return true;
    }

    /** Whether there is anything to show, and it may be shown. */
    boolean isOffered() {
        return credentials.isThere() && withheld().isEmpty();
    }

    /** Why credentials are not shown although they are there: the rules of Basic over plain text, which this is. */
    String withheld() {
        ProxyAuthentication rules = proxy.authentication();
        if (!credentials.isThere() || !isVersion5()) {
            return ""; // version 4 has no password
        } else if (!rules.allows(BasicScheme.NAME)) {
            return "SOCKS shows the password in clear, as Basic does, which is not among the schemes that are allowed";
        } else if (rules.minimum() != Strength.BASIC) {
            return "SOCKS shows the password in clear, which is weaker than the minimum that is configured";
        }
        return rules.allowsBasicOverPlaintext()
                ? ""
                : "SOCKS shows the password in clear, and Basic over plain text is switched off";
    }

    /** Completes on the event loop, with an {@link UpstreamException} if there is nothing that can be said. */
    CompletionStage<UserPassword> find(Channel channel, SocksTexts texts) {
        CompletableFuture<UserPassword> login = new CompletableFuture<>();
        Duration limit = TunnelLimits.DEFAULT.authentication();
        clock.stop(() -> "the provider of the credentials for proxy " + proxy.address());
        Future<?> alarm = channel.eventLoop()
                .schedule(
                        () -> login.completeExceptionally(texts.noCredentialsInTime(limit)),
                        limit.toNanos(),
                        TimeUnit.NANOSECONDS);
        login.whenComplete((known, error) -> {
            alarm.cancel(false);
            if (error == null) {
                clock.resume(); // else the failure is ours, too
            }
        });
        credentials
                .credentials(proxy.kind().scheme(), "")
                .whenCompleteAsync(
                        (known, error) -> {
                            settle(known, error, texts, login);
                        },
                        LoopExecutor.of(channel.eventLoop()));
        return login;
    }

    private void settle(
            @Nullable UserPassword known,
            @Nullable Throwable error,
            SocksTexts texts,
            CompletableFuture<UserPassword> login) {
        if (error != null || known == null) {
            login.completeExceptionally(texts.ofTheProvider(error));
        } else if (credentials.isRejected(known)) {
            login.completeExceptionally(texts.badCredentials());
        } else {
            try {
                check(known, texts.where());
                login.complete(known);
            } catch (UpstreamException e) {
                login.completeExceptionally(e);
            }
        }
    }
}
