// SPDX-License-Identifier: Apache-2.0
/**
 * What devices do over HTTPS, on the port that they share with WebSocket: so far the provisioning service's registrations. Start reading at
 * {@link io.upstream.emulator.http.RegistrationApi}.
 */
@NullMarked
package io.upstream.emulator.http;

import org.jspecify.annotations.NullMarked;
