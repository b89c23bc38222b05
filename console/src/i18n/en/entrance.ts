import { addTexts } from '../texts'

export const entrance = {
  'login.title': 'Welcome back',
  'login.text': 'Log in to Nekode.',
  'login.username': 'Username',
  'login.password': 'Password',
  'login.submit': 'Log in',
  'setup.title': 'Set up Nekode',
  'setup.text': 'You are the first one here. This makes your account, as the owner of this server.',
  'setup.code': 'Setup code',
  'setup.codeHint': 'The server printed it in its terminal or log when it started.',
  'setup.displayName': 'Your name',
  'setup.passwordHint': 'At least {n} characters.',
  'setup.submit': 'Create my account',
  'setup.disabled': 'Setting up in the browser is turned off.',
  'setup.disabledNext': 'Start the server with the first admin in its environment:',
  'welcome.thisComputer': 'This computer',
  'welcome.text': 'Agents run on your computers. This is what was found here; pick one to make your first agent.',
  'welcome.noComputer': 'Add your first computer',
  'welcome.noComputerText': 'Agents run on computers that you add. No computer is connected yet.',
  'login.code': 'Code of your authenticator app',
  'login.codeHint': 'Six digits, or one of your recovery codes.',
  'login.provider': 'Log in with {name}',
  'join.title': 'Join Nekode',
  'join.text': '{name} invites you. Choose a name and a password.',
  'join.submit': 'Join',
  'join.login': 'To the login',
  'join.until': 'You join as: {role}. The link works once, until {when}.',
} as const

addTexts(entrance)
