// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * How an identity proves itself. {@link SasKey} and {@link SasToken} are an IoT Hub's own way; {@link UserPassword} and {@link
 * Anonymous} are for a broker that is no IoT Hub, and switch off what only a hub knows (the user name form, CBS).
 */
public sealed interface Credentials permits SasKey, SasToken, UserPassword, Anonymous {}
