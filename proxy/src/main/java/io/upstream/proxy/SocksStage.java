// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyCredentialsProvider;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.Failures;
import io.upstream.connect.NameLookup;
import io.upstream.connect.PipelineNames;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Has a SOCKS proxy open the way to the hub. With {@code socks5h} and {@code socks4a} the hub's name goes to the proxy as it is; with
 * {@code socks5} and {@code socks4} it is resolved here, to an IPv4 address if it has one: which families the proxy can reach is not known
 * here. Fails with
 *
 * <ul>
 *   <li>{@link FailureKind#PROXY_AUTH} if the proxy wants other credentials, or any;
 *   <li>{@link FailureKind#PROXY_DENIED} if it does not let this host, port or kind of address through;
 *   <li>{@link FailureKind#PROXY_UNREACHABLE} if it cannot reach the hub; {@link FailureKind#DNS} if the name does not resolve here;
 *   <li>{@link FailureKind#PROTOCOL} for what is no SOCKS, or more than was asked for;
 *   <li>{@link FailureKind#CLOSED_BY_PEER} or {@link FailureKind#RESET} if the proxy leaves;
 *   <li>{@link FailureKind#CONFIGURATION} if the target or the credentials cannot be expressed.
 * </ul>
 */
final class SocksStage implements ConnectStage {
    private final ProxyServer proxy;
    private final HostPort target;
    private final NameLookup names;

    /** @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if the credentials cannot be expressed */
    SocksStage(ProxyServer proxy, HostPort target, NameLookup names) throws UpstreamException {
        this.proxy = proxy;
        this.target = target;
        this.names = names;
        check(proxy.authentication().userPassword(), Where.here("proxy"));
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

    @Override
    public String name() {
        return "socks";
    }

    private boolean isVersion5() {
        return proxy.kind() == ProxyKind.SOCKS5 || proxy.kind() == ProxyKind.SOCKS5H;
    }

    private boolean resolvesHere() {
        return proxy.kind() == ProxyKind.SOCKS5 || proxy.kind() == ProxyKind.SOCKS4;
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> established = new CompletableFuture<>();
        ProxyCredentialsProvider provider = proxy.authentication().provider();
        UserPassword given = proxy.authentication().userPassword();
        if (given != null || provider == null) {
            begin(channel, where, given, established);
            return established;
        }
        asked(provider)
                .whenComplete((credentials, error) -> onLoop(channel, established, () -> {
                    if (error != null) {
                        established.completeExceptionally(noCredentials(error, where));
                        return;
                    }
                    try {
                        check(credentials, where);
                        begin(channel, where, credentials, established);
                    } catch (UpstreamException e) {
                        established.completeExceptionally(e);
                    }
                }));
        return established;
    }

    /** Before the proxy asks: SOCKS has a client say first what it could answer with. */
    private CompletionStage<UserPassword> asked(ProxyCredentialsProvider provider) {
        try {
            return provider.credentials(
                    new ProxyCredentialsProvider.Request(proxy, proxy.kind().scheme(), "", false));
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static UpstreamException noCredentials(Throwable error, Where where) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        "there are no credentials for " + where.hop() + ": look at what provides them",
                        cause);
    }

    private static void onLoop(Channel channel, CompletableFuture<Void> established, Runnable step) {
        try {
            channel.eventLoop().execute(step);
        } catch (RejectedExecutionException e) {
            established.completeExceptionally(Failures.runtimeClosed("open", e));
        }
    }

    private void begin(
            Channel channel, Where where, @Nullable UserPassword credentials, CompletableFuture<Void> established) {
        SocksTexts texts = new SocksTexts(where, target, credentials != null);
        SocksAddress address;
        try {
            address = SocksAddress.of(target);
        } catch (IllegalArgumentException e) {
            established.completeExceptionally(texts.unusable(String.valueOf(e.getMessage())));
            return;
        }
        if (address.address() != null || !resolvesHere()) {
            speak(channel, address, credentials, texts, established);
            return;
        }
        names.addressesOf(address.name(), channel.eventLoop()).whenComplete((found, error) -> {
            if (error != null) {
                established.completeExceptionally(Failures.translate(error, new Where(where.stage(), "hub " + target)));
            } else {
                speak(channel, chosen(found, address), credentials, texts, established);
            }
        });
    }

    private static SocksAddress chosen(List<InetAddress> found, SocksAddress named) {
        Optional<InetAddress> ipv4 =
                found.stream().filter(Inet4Address.class::isInstance).findFirst();
        return new SocksAddress(ipv4.orElse(found.get(0)), named.name(), named.port());
    }

    private void speak(
            Channel channel,
            SocksAddress address,
            @Nullable UserPassword credentials,
            SocksTexts texts,
            CompletableFuture<Void> established) {
        byte[] octets = address.octets();
        if (!isVersion5() && octets != null && octets.length != 4) {
            established.completeExceptionally(
                    texts.unusable("SOCKS 4 knows no IPv6 address, and " + target + " has no other: use socks5h://"));
            return;
        }
        SocksDialogue dialogue = isVersion5()
                ? new Socks5Dialogue(address, credentials, texts)
                : new Socks4Dialogue(address, user(credentials), texts);
        PipelineNames.append(channel.pipeline(), PipelineNames.SOCKS, new SocksHandler(dialogue, texts, established));
    }

    private static String user(@Nullable UserPassword credentials) {
        return credentials == null ? "" : credentials.user();
    }
}
