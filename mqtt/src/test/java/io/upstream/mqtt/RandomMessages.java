// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Messages as an application makes them: of a few kinds, kept or built anew each time, and some that are like no other. */
final class RandomMessages {
    /** What has its own place in an encoding, beside any character at all. */
    private static final int[] EDGES = {
        0, ' ', '%', '&', '=', '/', '+', '#', '$', '.', '~', '-', '_', '?', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000,
        0xFFFF, 0x10000, 0x10FFFF
    };

    /** All but what only the hub sets. */
    static final List<SystemProperty> SENT = List.copyOf(EnumSet.complementOf(EnumSet.of(
            SystemProperty.INPUT_NAME,
            SystemProperty.CONNECTION_DEVICE_ID,
            SystemProperty.CONNECTION_MODULE_ID,
            SystemProperty.SEQUENCE_NUMBER,
            SystemProperty.ENQUEUED_TIME,
            SystemProperty.DELIVERY_COUNT)));

    private final SplittableRandom random;
    private final List<Telemetry> kinds = new ArrayList<>();

    RandomMessages(SplittableRandom random) {
        this.random = random;
        for (int i = 0; i < 12; i++) {
            kinds.add(anyProperties());
        }
    }

    /** With a payload of up to {@code maxPayload} bytes, mostly a small one. */
    Telemetry next(int maxPayload) {
        Telemetry kind = kinds.get(random.nextInt(random.nextBoolean() ? 3 : kinds.size()));
        byte[] payload = bytes(random.nextInt(200) == 0 ? maxPayload : 300);
        return switch (random.nextInt(8)) {
            case 0 -> anyProperties().withPayload(payload);
            case 1, 2 -> again(kind).withPayload(payload);
            default -> kind.withPayload(payload);
        };
    }

    /** An equal one with maps of its own. */
    private static Telemetry again(Telemetry message) {
        Telemetry other = Telemetry.of(new byte[0]);
        for (Map.Entry<SystemProperty, String> entry : message.system().entrySet()) {
            other = other.system(entry.getKey(), copy(entry.getValue()));
        }
        for (Map.Entry<String, String> entry : message.properties().entrySet()) {
            other = other.property(copy(entry.getKey()), copy(entry.getValue()));
        }
        return other;
    }

    private static String copy(String text) {
        return new String(text.toCharArray());
    }

    private Telemetry anyProperties() {
        Telemetry message = Telemetry.of(new byte[0]);
        for (int i = random.nextInt(4); i > 0; i--) {
            SystemProperty property = SENT.get(random.nextInt(SENT.size()));
            message = message.system(property, value(property, text(0, 12)));
        }
        for (int i = random.nextInt(5); i > 0; i--) {
            message = message.property(text(1, 8).replace("$.", "$"), text(0, random.nextInt(50) == 0 ? 900 : 12));
        }
        return message;
    }

    /** What the hub takes, made of {@code any} text. */
    static String value(SystemProperty property, String any) {
        return switch (property) {
            case EXPIRY_TIME, CREATION_TIME ->
                Instant.ofEpochSecond(any.hashCode()).toString();
            case CONTENT_TYPE, CONTENT_ENCODING -> any.replaceAll("[^ -~]", "x");
            default -> any;
        };
    }

    /** Any Unicode text of {@code least} to {@code most} characters. */
    String text(int least, int most) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(least, most + 1); i > 0; i--) {
            text.appendCodePoint(codePoint());
        }
        return text.toString();
    }

    private int codePoint() {
        int kind = random.nextInt(10);
        if (kind < 6) {
            return random.nextInt('a', 'z' + 1);
        }
        if (kind < 8) {
            return EDGES[random.nextInt(EDGES.length)];
        }
        int any = random.nextInt(0x110000 - 0x800);
        return any < 0xD800 ? any : any + 0x800; // not the surrogates
    }

    byte[] bytes(int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return bytes;
    }
}
