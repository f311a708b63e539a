// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UpstreamException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * SOCKS 4, and 4a for a name: the protocol as of Ying-Da Lee's two memos, which every server follows. There is a user name and no
 * password.
 */
final class Socks4Dialogue implements SocksDialogue {
    private static final int VERSION = 4;
    private static final int CONNECT = 1;
    private static final int ANSWER = 8;
    private static final int GRANTED = 0x5A;
    private static final int REJECTED = 0x5B;
    private static final int NO_IDENT = 0x5C;
    private static final int OTHER_IDENT = 0x5D;

    /** An address that cannot be: a name follows. */
    private static final byte[] NAME_FOLLOWS = {0, 0, 0, 1};

    private final SocksAddress target;
    private final String user;
    private final SocksTexts texts;
    private int code = GRANTED;

    /**
     * Prepares one dialogue.
     *
     * @param target a name or an IPv4 address
     * @param user empty for none
     */
    Socks4Dialogue(SocksAddress target, String user, SocksTexts texts) {
        this.target = target;
        this.user = user;
        this.texts = texts;
    }

    @Override
    public byte[] greeting() {
        byte[] octets = target.octets();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(VERSION);
        out.write(CONNECT);
        out.write(target.port() >> 8);
        out.write(target.port());
        out.writeBytes(octets == null ? NAME_FOLLOWS : octets);
        out.writeBytes(user.getBytes(StandardCharsets.UTF_8));
        out.write(0);
        if (octets == null) {
            out.writeBytes(target.nameOctets());
            out.write(0);
        }
        return out.toByteArray();
    }

    @Override
    public int length(byte[] answer, int count) throws UpstreamException {
        if (answer[0] != 0) {
            throw texts.notSocks(answer[0] & 0xFF, "SOCKS 4");
        }
        if (count < 2) {
            return ANSWER;
        }
        return (answer[1] & 0xFF) == GRANTED ? ANSWER : count;
    }

    @Override
    public CompletionStage<byte[]> reply(byte[] answer) throws UpstreamException {
        code = answer[1] & 0xFF;
        if (code != GRANTED) {
            throw texts.refused4(code);
        }
        return CompletableFuture.completedFuture(new byte[0]);
    }

    @Override
    public Subject subject() {
        return switch (code) {
            case GRANTED, REJECTED -> Subject.ADDRESS;
            case NO_IDENT, OTHER_IDENT -> Subject.CREDENTIALS;
            default -> Subject.ANYTHING_ELSE;
        };
    }
}
