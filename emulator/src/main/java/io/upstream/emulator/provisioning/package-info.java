// SPDX-License-Identifier: Apache-2.0
/**
 * A Device Provisioning Service (DPS) that assigns devices to the one hub beside it: enrolments, individual and in groups, registrations
 * and their operations. Protocols are elsewhere; their heads see {@link io.upstream.emulator.provisioning.Provisioning} only. Start reading
 * at {@link io.upstream.emulator.provisioning.ProvisioningService}.
 */
@NullMarked
package io.upstream.emulator.provisioning;

import org.jspecify.annotations.NullMarked;
