// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.AddressOrder;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.Failures;
import io.upstream.connect.FreshConnection;
import io.upstream.connect.NameLookup;
import io.upstream.connect.PeerClock;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Has a SOCKS proxy open the way to the hub. With {@code socks5h} and {@code socks4a} the hub's name goes to the proxy as it is; with
 * {@code socks5} and {@code socks4} it is resolved here, and the proxy is asked for one address after the other, each over a connection of its
 * own. The password is shown under the same rules as that of Basic. Credentials that are refused are asked for once more. Fails with
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
    private static final Duration SILENCE = Duration.ofSeconds(10);

    /** A proxy that connects before it answers is often slow. */
    private static final StageLimit LIMIT = StageLimit.ofSilence(SILENCE, TunnelLimits.DEFAULT.exchange());

    /** For one address while there is another: the proxy's own patience may be that of its system, two minutes. */
    private static final Duration ADDRESS = Duration.ofSeconds(8);

    private static final int MAX_ADDRESSES = 64;

    private final ProxyServer proxy;
    private final HostPort target;
    private final NameLookup names;
    private final AddressOrder order;
    private final SocksLogin login;
    private final List<UpstreamException> failedAddresses = new ArrayList<>();

    /** To be asked for in this order, each over a connection of its own; empty before they are known. */
    private List<SocksAddress> addresses = List.of();

    /** @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if the credentials cannot be expressed */
    SocksStage(ProxyServer proxy, HostPort target, NameLookup names, AddressOrder order) throws UpstreamException {
        this.proxy = proxy;
        this.target = target;
        this.names = names;
        this.order = order;
        this.login = new SocksLogin(proxy);
    }

    @Override
    public String name() {
        return "socks";
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    private boolean resolvesHere() {
        return proxy.kind() == ProxyKind.SOCKS5 || proxy.kind() == ProxyKind.SOCKS4;
    }

    @Override
    public void begin(PeerClock clock) {
        login.begin(clock);
    }

    /** Completes with {@link FreshConnection} if the proxy is to be asked once more, for which it is called again. */
    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> established = new CompletableFuture<>();
        SocksTexts texts = new SocksTexts(where, target, login.isOffered(), login.withheld());
        if (addresses.isEmpty()) {
            find(channel, texts, established);
        } else {
            begin(channel, texts, established);
        }
        return established;
    }

    private void find(Channel channel, SocksTexts texts, CompletableFuture<Void> established) {
        SocksAddress address;
        try {
            address = SocksAddress.of(target);
        } catch (IllegalArgumentException e) {
            established.completeExceptionally(texts.unusable(String.valueOf(e.getMessage())));
            return;
        }
        if (address.address() != null || !resolvesHere()) {
            ask(List.of(address), channel, texts, established);
            return;
        }
        names.addressesOf(address.name(), channel.eventLoop()).whenComplete((found, error) -> {
            if (error != null) {
                established.completeExceptionally(
                        Failures.translate(error, new Where(texts.where().stage(), "hub " + target)));
            } else {
                List<SocksAddress> each = order.of(found).stream()
                        .limit(MAX_ADDRESSES)
                        .map(one -> new SocksAddress(one, address.name(), address.port()))
                        .toList();
                ask(each, channel, texts, established);
            }
        });
    }

    private void ask(List<SocksAddress> found, Channel channel, SocksTexts texts, CompletableFuture<Void> established) {
        List<SocksAddress> usable = login.isVersion5()
                ? found
                : found.stream()
                        .filter(one -> !(one.address() instanceof Inet6Address))
                        .toList();
        if (usable.isEmpty()) {
            established.completeExceptionally(
                    texts.unusable("SOCKS 4 knows no IPv6 address, and " + target + " has no other: use socks5h://"));
            return;
        }
        addresses = usable;
        begin(channel, texts, established);
    }

    /** In version 4 the user's name comes first, in version 5 when the proxy asks. */
    private void begin(Channel channel, SocksTexts texts, CompletableFuture<Void> established) {
        SocksAddress address = addresses.get(failedAddresses.size());
        if (login.isVersion5()) {
            SocksDialogue dialogue =
                    new Socks5Dialogue(address, texts, login.isOffered() ? () -> login.find(channel, texts) : null);
            speak(channel, address, dialogue, texts, established);
        } else if (!login.isOffered()) {
            speak(channel, address, new Socks4Dialogue(address, "", texts), texts, established);
        } else {
            login.find(channel, texts).whenComplete((known, error) -> {
                if (error != null) {
                    established.completeExceptionally(error);
                } else {
                    speak(channel, address, new Socks4Dialogue(address, known.user(), texts), texts, established);
                }
            });
        }
    }

    private void speak(
            Channel channel,
            SocksAddress address,
            SocksDialogue dialogue,
            SocksTexts texts,
            CompletableFuture<Void> established) {
        CompletableFuture<Void> spoken = new CompletableFuture<>();
        spoken.whenComplete((open, error) -> {
            if (error == null) {
                reached(address);
                established.complete(null);
            } else {
                established.completeExceptionally(
                        error instanceof UpstreamException failure ? next(failure, dialogue, texts) : error);
            }
        });
        PipelineNames.append(channel.pipeline(), PipelineNames.SOCKS, new SocksHandler(dialogue, texts, spoken, () -> {
            if (hasAnotherAddress()) {
                limit(spoken, channel, texts.noAnswerForAnAddress(address, ADDRESS));
            }
        }));
    }

    private static void limit(CompletableFuture<Void> spoken, Channel channel, UpstreamException late) {
        Future<?> alarm = channel.eventLoop()
                .schedule(() -> spoken.completeExceptionally(late), ADDRESS.toNanos(), TimeUnit.NANOSECONDS);
        spoken.whenComplete((open, error) -> alarm.cancel(false));
    }

    private boolean hasAnotherAddress() {
        return failedAddresses.size() + 1 < addresses.size();
    }

    private void reached(SocksAddress address) {
        InetAddress reached = address.address();
        if (reached != null) {
            order.won(
                    reached,
                    addresses.stream()
                            .map(SocksAddress::address)
                            .filter(Objects::nonNull)
                            .toList());
        }
    }

    /** What the dialogue ends with: another connection, if the proxy may do better for another address or with other credentials. */
    private Exception next(UpstreamException failure, SocksDialogue dialogue, SocksTexts texts) {
        int most = addresses.size() + 1;
        if (dialogue.subject() == SocksDialogue.Subject.CREDENTIALS
                && failure.kind() == FailureKind.PROXY_AUTH
                && login.refused()) {
            return new FreshConnection(failure, most);
        }
        if (dialogue.subject() != SocksDialogue.Subject.ADDRESS || failure.kind() == FailureKind.PROTOCOL) {
            return failure;
        }
        boolean another = hasAnotherAddress();
        failedAddresses.add(failure);
        UpstreamException all = texts.atEveryAddress(addresses, failedAddresses);
        return another ? new FreshConnection(all, most) : all;
    }
}
