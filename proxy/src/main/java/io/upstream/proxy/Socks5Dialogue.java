// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SOCKS 5 with no login or with user name and password: RFC 1928, RFC 1929. Both go out in clear, and only to a proxy that asks for them.
 */
final class Socks5Dialogue implements SocksDialogue {
    private static final int VERSION = 5;
    private static final int LOGIN_VERSION = 1;
    private static final int NO_LOGIN = 0;
    private static final int USER_PASSWORD = 2;
    private static final int NO_COMMON_METHOD = 0xFF;
    private static final int CONNECT = 1;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int MAX_CREDENTIAL = 255;

    /** Replies of RFC 1928 section 6 that say nothing about another address. */
    private static final Set<Integer> NOT_OF_THE_ADDRESS = Set.of(2, 7);

    private static final int UNKNOWN_REPLIES = 9;

    /** Whether it has been said that a password can be read on the way. */
    static final AtomicBoolean WARNED = new AtomicBoolean();

    private static final Logger log = LoggerFactory.getLogger(Socks5Dialogue.class);

    private enum Turn {
        METHOD,
        LOGIN,
        REQUEST
    }

    private final SocksAddress target;
    private final @Nullable Login login;
    private final SocksTexts texts;
    private Turn turn = Turn.METHOD;
    private int code;

    /** Where user name and password come from when the proxy asks for them. */
    @FunctionalInterface
    interface Login {
        /** Completes on the event loop, with what {@link #check} takes. */
        CompletionStage<UserPassword> credentials();
    }

    Socks5Dialogue(SocksAddress target, @Nullable UserPassword credentials, SocksTexts texts) {
        this(target, texts, credentials == null ? null : () -> CompletableFuture.completedFuture(credentials));
    }

    /** @param login null if none is to be offered */
    Socks5Dialogue(SocksAddress target, SocksTexts texts, @Nullable Login login) {
        this.target = target;
        this.login = login;
        this.texts = texts;
    }

    /** @throws IllegalArgumentException if the protocol has no room for these */
    static void check(UserPassword credentials) {
        if (octets(credentials.user()).length > MAX_CREDENTIAL
                || octets(credentials.password()).length > MAX_CREDENTIAL) {
            throw new IllegalArgumentException(
                    "SOCKS 5 has room for 255 octets of user name and of password, and these are longer");
        }
    }

    @Override
    public byte[] greeting() {
        return login == null ? new byte[] {VERSION, 1, NO_LOGIN} : new byte[] {VERSION, 2, NO_LOGIN, USER_PASSWORD};
    }

    @Override
    public int length(byte[] answer, int count) throws UpstreamException {
        int first = answer[0] & 0xFF;
        if (first != (turn == Turn.LOGIN ? LOGIN_VERSION : VERSION)) {
            throw texts.notSocks(first, "SOCKS 5");
        }
        if (turn != Turn.REQUEST) {
            return 2;
        }
        if (count < 2) {
            return 4;
        }
        if (answer[1] != 0) {
            return count; // some servers leave out the rest when they refuse
        }
        return count < 5 ? 5 : fullLength(answer);
    }

    /** Version, reply, reserved, address type, the address, two octets of port: RFC 1928 section 6. */
    private int fullLength(byte[] answer) throws UpstreamException {
        return switch (answer[3]) {
            case IPV4 -> 10;
            case IPV6 -> 22;
            case NAME -> 7 + (answer[4] & 0xFF);
            default -> throw texts.unasked("opened the way from an address of no known type");
        };
    }

    @Override
    public CompletionStage<byte[]> reply(byte[] answer) throws UpstreamException {
        code = answer[1] & 0xFF;
        return switch (turn) {
            case METHOD -> login(code);
            case LOGIN -> {
                if (code != 0) {
                    throw texts.badCredentials();
                }
                yield CompletableFuture.completedFuture(request());
            }
            case REQUEST -> {
                if (code != 0) {
                    throw texts.refused5(code);
                }
                yield CompletableFuture.completedFuture(new byte[0]);
            }
        };
    }

    @Override
    public Subject subject() {
        return switch (turn) {
            case METHOD -> Subject.ANYTHING_ELSE;
            case LOGIN -> code == 0 ? Subject.ANYTHING_ELSE : Subject.CREDENTIALS;
            case REQUEST ->
                NOT_OF_THE_ADDRESS.contains(code) || code >= UNKNOWN_REPLIES ? Subject.ANYTHING_ELSE : Subject.ADDRESS;
        };
    }

    private CompletionStage<byte[]> login(int method) throws UpstreamException {
        if (method == NO_LOGIN) {
            return CompletableFuture.completedFuture(request());
        } else if (method == USER_PASSWORD && login != null) {
            code = 0;
            turn = Turn.LOGIN;
            return login.credentials().thenApply(this::said);
        } else if (method == NO_COMMON_METHOD) {
            throw texts.noCommonMethod();
        }
        throw texts.unasked("chose a way to log in that was not offered");
    }

    private byte[] said(UserPassword credentials) {
        if (WARNED.compareAndSet(false, true)) {
            log.warn(
                    "the password for {} goes out in clear, readable on the way: use an https:// proxy or Digest"
                            + " (said once for this process)",
                    texts.where().hop());
        }
        byte[] user = octets(credentials.user());
        byte[] password = octets(credentials.password());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(LOGIN_VERSION);
        out.write(user.length);
        out.writeBytes(user);
        out.write(password.length);
        out.writeBytes(password);
        return out.toByteArray();
    }

    private byte[] request() {
        turn = Turn.REQUEST;
        code = 0;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {VERSION, CONNECT, 0});
        byte[] octets = target.octets();
        if (octets == null) {
            byte[] name = target.nameOctets();
            out.write(NAME);
            out.write(name.length);
            out.writeBytes(name);
        } else {
            out.write(octets.length == 4 ? IPV4 : IPV6);
            out.writeBytes(octets);
        }
        out.write(target.port() >> 8);
        out.write(target.port());
        return out.toByteArray();
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
