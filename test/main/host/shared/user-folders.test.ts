import { expect, test } from 'vitest';
import { userFolders } from '../../../../src-main/host/shared/user-folders';

test.each([
  ['linux', {}, '/home/ada/.config/lathe'],
  ['linux', { XDG_CONFIG_HOME: '/conf' }, '/conf/lathe'],
  ['linux', { XDG_CONFIG_HOME: '' }, '/home/ada/.config/lathe'],
  ['darwin', {}, '/home/ada/Library/Application Support/Lathe'],
  ['win32', { APPDATA: '/roaming' }, '/roaming/Lathe'],
] as const)('on %s with %j preferences lie in %s', (platform, environment, folder) => {
  expect(userFolders(environment, platform, '/home/ada')).toEqual({ preferences: folder, projects: '/home/ada/Lathe' });
});

test('LATHE_HOME takes both in', () => {
  expect(userFolders({ LATHE_HOME: '/own' }, 'linux', '/home/ada')).toEqual({
    preferences: '/own',
    projects: '/own/projects',
  });
});
