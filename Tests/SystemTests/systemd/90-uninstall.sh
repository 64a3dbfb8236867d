# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0

check "uninstalls" install_to '' --remove
check "no file of it is left" bash -c '! find /usr/local -xdev -path "*iommu*" ! -type d | grep .'
