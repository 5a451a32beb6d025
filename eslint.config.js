import tseslint from 'typescript-eslint'

// Only what needs types: promises nobody waits for, and states nobody handles. Everything else is Biome's (biome.json).
export default tseslint.config(
  { ignores: ['.local/**', 'build/**'] },
  {
    files: ['libs/**/*.ts', 'services/**/*.ts', 'test/**/*.ts', 'deploy/**/*.ts'],
    ignores: ['services/console/web/**'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      // tap runs its tests in order whether or not anybody waits for them.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafePromises: [{ from: 'package', package: '@tapjs/core', name: 'PromiseWithSubtest' }] },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
)
