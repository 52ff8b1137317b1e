/** One root per family, with what a VM of that family gathers in use, and what a seal must have done to each item. */
import type { Files } from "./guest-root.js";

export interface Family {
  readonly family: string;
  readonly files: Files;
  /** Commands besides the usual ones. */
  readonly commands: readonly string[];
  /** Every change that the seal makes; what is not listed must stay as it is. */
  readonly changes: Readonly<Record<string, string>>;
}

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "daemon:x:1:1:daemon:/:/usr/sbin/nologin",
  "postgres:x:110:110::/var/lib/postgresql:/bin/bash",
  "azureuser:x:1000:1000::/home/azureuser:/bin/bash",
  "keeper:x:1001:1001::/home/keeper:/bin/bash",
];
const without = (lines: readonly string[], name: string) =>
  lines.filter((line) => !line.startsWith(`${name}:`)).join("\n") + "\n";

/** As small as the real agent accepts it (WALinuxAgent, common/protocol/ovfenv.py). */
const ovfEnv = `<?xml version="1.0" encoding="utf-8"?>
<ns0:Environment xmlns:ns0="http://schemas.dmtf.org/ovf/environment/1" xmlns:ns1="http://schemas.microsoft.com/windowsazure">
  <ns1:ProvisioningSection>
    <ns1:Version>1.0</ns1:Version>
    <ns1:LinuxProvisioningConfigurationSet>
      <ns1:ConfigurationSetType>LinuxProvisioningConfiguration</ns1:ConfigurationSetType>
      <ns1:HostName>production-db-1</ns1:HostName>
      <ns1:UserName>azureuser</ns1:UserName>
    </ns1:LinuxProvisioningConfigurationSet>
  </ns1:ProvisioningSection>
  <ns1:PlatformSettingsSection>
    <ns1:Version>1.0</ns1:Version>
    <ns1:PlatformSettings><ns1:ProvisionGuestAgent>true</ns1:ProvisionGuestAgent></ns1:PlatformSettings>
  </ns1:PlatformSettingsSection>
</ns0:Environment>
`;

/** On every Linux of Azure. */
const common: Files = {
  "etc/passwd": passwd.join("\n") + "\n",
  "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
  "etc/hostname": "production-db-1\n",
  "etc/waagent.conf": "Provisioning.Agent=auto\nProvisioning.DeleteRootPassword=y\n",
  "etc/ssh/sshd_config": "Port 22\n",
  "etc/ssh/ssh_host_ed25519_key": "private\n",
  "etc/ssh/ssh_host_ed25519_key.pub": "public\n",
  "etc/ssh/ssh_host_rsa_key": "private\n",
  "etc/sudoers.d/90-cloud-init-users":
    "# Created by cloud-init v. 24.4\n\n# User rules for azureuser\nazureuser ALL=(ALL) NOPASSWD:ALL\n",
  "etc/sudoers.d/keeper": "keeper ALL=(ALL) ALL\n",
  "etc/fstab":
    "UUID=aaaa / ext4 defaults 0 1\n/dev/disk/cloud/azure_resource-part1 /mnt auto defaults,nofail 0 2\n/mnt/swapfile none swap sw 0 0\n/dev/disk/cloud/azure_resource-part2 none swap sw,nofail 0 0\n",
  "home/azureuser/.ssh/authorized_keys": "ssh-ed25519 AAAA azureuser\n",
  "home/azureuser/notes.txt": "private\n",
  "home/keeper/.ssh/authorized_keys": "ssh-ed25519 AAAA keeper\n",
  "home/keeper/.bash_history": "mysql -p secret\n",
  "home/keeper/work.txt": "stays\n",
  "home/nobodys/.bash_history": "of an account that is gone\n",
  "var/lib/postgresql/.psql_history": "a home that is not in /home\n",
  "var/lib/postgresql/data/PG_VERSION": "15\n",
  "root/.bash_history": "passwd\n",
  "root/.ssh/authorized_keys":
    'no-port-forwarding,command="echo Please login as azureuser" ssh-ed25519 AAAA\n',
  "tmp/upload.bin": "left over\n",
  "var/tmp/systemd-private-1/held": "in use\n",
  "var/lib/waagent/ovf-env.xml": ovfEnv,
  "var/lib/waagent/Microsoft.Azure.Extensions-2.1/status/0.status": "[]\n",
  "var/lib/cloud/instances/1111/user-data.txt": "#cloud-config\n",
  "var/lib/cloud/seed/nocloud/meta-data": "instance-id: seed\n",
  "var/lib/systemd/random-seed": "random\n",
  "var/lib/systemd/credential.secret": "secret\n",
  "var/lib/dbus/machine-id": { to: "/etc/machine-id" },
  "var/log/auth.log": "Accepted publickey for azureuser\n",
  "var/log/auth.log.1": "older\n",
  "var/log/cloud-init.log": "user-data\n",
  "var/log/waagent.log": "agent\n",
  "var/log/azure/custom-script/handler.log": "extension\n",
  "var/log/journal/0123456789abcdef0123456789abcdef/system.journal": "journal\n",
  "var/log/wtmp": "logins\n",
  "var/mail/azureuser": "mail\n",
  "etc/shadow-": "azureuser:$6$hash:20000::::::\n",
  "var/backups/shadow.bak": "azureuser:$6$hash:20000::::::\n",
  "var/backups/dpkg.status.0": "stays\n",
  "var/lib/wtmpdb/wtmp.db": "logins\n",
  "root/anaconda-ks.cfg": "rootpw --iscrypted $6$hash\n",
  "usr/lib/untouched": "program\n",
};

const commonChanges: Readonly<Record<string, string>> = {
  "etc/passwd": without(passwd, "azureuser"),
  "etc/machine-id": "empty",
  "etc/hostname": "localhost.localdomain\n",
  "etc/ssh/ssh_host_ed25519_key": "gone",
  "etc/ssh/ssh_host_ed25519_key.pub": "gone",
  "etc/ssh/ssh_host_rsa_key": "gone",
  "etc/sudoers.d/90-cloud-init-users": "gone",
  "etc/fstab":
    "UUID=aaaa / ext4 defaults 0 1\n/dev/disk/cloud/azure_resource-part1 /mnt auto defaults,nofail 0 2\n",
  "home/azureuser/.ssh/authorized_keys": "gone",
  "home/azureuser/notes.txt": "gone",
  "home/keeper/.bash_history": "gone",
  "home/nobodys/.bash_history": "gone",
  "var/lib/postgresql/.psql_history": "gone",
  "root/.bash_history": "gone",
  "root/.ssh/authorized_keys": "gone",
  "tmp/upload.bin": "gone",
  "var/lib/waagent/ovf-env.xml": "gone",
  "var/lib/waagent/Microsoft.Azure.Extensions-2.1/status/0.status": "gone",
  "var/lib/cloud/instances/1111/user-data.txt": "gone",
  "var/lib/cloud/seed/nocloud/meta-data": "gone",
  "var/lib/systemd/random-seed": "gone",
  "var/lib/systemd/credential.secret": "gone",
  "var/log/auth.log": "empty",
  "var/log/auth.log.1": "gone",
  "var/log/cloud-init.log": "gone",
  "var/log/waagent.log": "gone",
  "var/log/azure/custom-script/handler.log": "gone",
  "var/log/journal/0123456789abcdef0123456789abcdef/system.journal": "gone",
  "var/log/wtmp": "empty",
  "var/mail/azureuser": "gone",
  "etc/shadow-": "gone",
  "var/backups/shadow.bak": "gone",
  "var/lib/wtmpdb/wtmp.db": "gone",
  "root/anaconda-ks.cfg": "gone",
};

export const families: readonly Family[] = [
  {
    family: "debian",
    commands: [],
    files: {
      ...common,
      "etc/os-release": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
      "etc/resolv.conf": { to: "../run/systemd/resolve/stub-resolv.conf" },
      "run/systemd/resolve/stub-resolv.conf": "nameserver 127.0.0.53\n",
      "etc/netplan/50-cloud-init.yaml":
        "# This file is generated from information provided by the datasource.\nnetwork:\n  ethernets:\n    eth0:\n      match:\n        macaddress: 00:0d:3a:00:00:01\n",
      "etc/netplan/99-own.yaml":
        "network:\n  ethernets:\n    eth1:\n      match: {macaddress: 00:0d:3a:00:00:02}\n",
      "var/cache/apt/archives/left_1.0_all.deb": "package\n",
      "etc/cloud/cloud.cfg.d/99-installer.cfg": "datasource_list: [None]\n",
      "var/lib/dhcp/dhclient.leases": "lease\n",
    },
    changes: {
      ...commonChanges,
      "etc/netplan/50-cloud-init.yaml": "gone",
      "var/cache/apt/archives/left_1.0_all.deb": "gone",
      "etc/cloud/cloud.cfg.d/99-installer.cfg": "gone",
      "var/lib/dhcp/dhclient.leases": "gone",
    },
  },
  {
    family: "rhel",
    commands: ["subscription-manager"],
    files: {
      ...common,
      "etc/os-release": 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n',
      "etc/resolv.conf": "# Generated by NetworkManager\nnameserver 168.63.129.16\n",
      "etc/pki/consumer/cert.pem": "consumer\n",
      "etc/sysconfig/network-scripts/ifcfg-eth0":
        "DEVICE=eth0\nBOOTPROTO=dhcp\nHWADDR=00:0d:3a:00:00:01\nUUID=5fb06bd0\n",
      "etc/sysconfig/network-scripts/ifcfg-eth1":
        "# Created by cloud-init automatically, do not edit.\nDEVICE=eth1\n",
      "etc/NetworkManager/system-connections/eth0.nmconnection":
        "[connection]\nid=eth0\nuuid=1111\n[ethernet]\nmac-address=00:0D:3A:00:00:01\n",
      "var/lib/NetworkManager/secret_key": "key\n",
      "var/log/messages-20250101": "rotated\n",
      "etc/insights-client/machine-id": "1111\n",
      "var/cache/dnf/repodata.solv": "cache\n",
    },
    changes: {
      ...commonChanges,
      "etc/resolv.conf": "gone",
      "etc/pki/consumer/cert.pem": "gone",
      "etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n",
      "etc/sysconfig/network-scripts/ifcfg-eth1": "gone",
      "etc/NetworkManager/system-connections/eth0.nmconnection": "[connection]\nid=eth0\n[ethernet]\n",
      "var/lib/NetworkManager/secret_key": "gone",
      "var/log/messages-20250101": "gone",
      "etc/insights-client/machine-id": "gone",
      "var/cache/dnf/repodata.solv": "gone",
    },
  },
  {
    family: "suse",
    commands: ["SUSEConnect"],
    files: {
      ...common,
      "etc/os-release": 'ID="sles"\nID_LIKE="suse"\nVERSION_ID="15.6"\n',
      "etc/resolv.conf": { to: "/run/netconfig/resolv.conf" },
      "etc/zypp/credentials.d/SCCcredentials": "username=SCC_1\n",
      "etc/udev/rules.d/70-persistent-net.rules": 'ATTR{address}=="00:0d:3a:00:00:01"\n',
      "etc/udev/rules.d/85-persistent-net-cloud-init.rules": "rule\n",
      "etc/udev/rules.d/99-own.rules": "own\n",
      "etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp'\nLLADDR=00:0d:3a:00:00:01\n",
      // Without it the real agent fails (azurelinuxagent, osutil/suse.py).
      "etc/sysconfig/network/dhcp": 'DHCLIENT_HOSTNAME_OPTION="AUTO"\n',
      "var/lib/wicked/duid.xml": "<duid/>\n",
    },
    changes: {
      ...commonChanges,
      "etc/zypp/credentials.d/SCCcredentials": "gone",
      "etc/udev/rules.d/70-persistent-net.rules": "gone",
      "etc/udev/rules.d/85-persistent-net-cloud-init.rules": "gone",
      "etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp'\n",
      "var/lib/wicked/duid.xml": "gone",
    },
  },
  {
    family: "azurelinux",
    commands: [],
    files: {
      ...common,
      "etc/os-release": 'ID=azurelinux\nVERSION_ID="3.0"\n',
      "etc/resolv.conf": { to: "../run/systemd/resolve/resolv.conf" },
      // Azure Linux has a cloud-init whose networkd files are not signed.
      "etc/systemd/network/10-cloud-init-eth0.network": "[Match]\nMACAddress=00:0d:3a:00:00:01\n",
      "etc/systemd/network/99-own.network": "[Match]\nMACAddress=00:0d:3a:00:00:02\n",
      "var/lib/dbus/machine-id": "0123456789abcdef0123456789abcdef\n",
    },
    changes: {
      ...commonChanges,
      "etc/systemd/network/10-cloud-init-eth0.network": "gone",
      "var/lib/dbus/machine-id": "-> /etc/machine-id",
    },
  },
  {
    family: "flatcar",
    commands: [],
    files: {
      ...common,
      "etc/os-release": "ID=flatcar\nID_LIKE=coreos\nVERSION_ID=4081.2.0\n",
      "etc/resolv.conf": { to: "../run/systemd/resolve/resolv.conf" },
      "boot/flatcar/grub/grub.cfg": "menu\n",
      "usr/share/oem/waagent.conf": "Provisioning.Agent=auto\nProvisioning.DeleteRootPassword=y\n",
    },
    changes: { ...commonChanges, "boot/flatcar/first_boot": "empty" },
  },
];
