// The Serverless Framework takes functions from CommonJS files only.
const { compilerParameters } = require('./compiler-parameters.ts');
const { join } = require('node:path');
const { pipelineVersion } = require('../host/version.ts');
const { readStage } = require('./stage.ts');

module.exports = async ({ resolveVariable }) => {
  try {
    return compilerParameters(
      readStage(await resolveVariable('sls:stage')),
      pipelineVersion(join(__dirname, '..')),
    );
  } catch (error) {
    // The framework shows the stack where there is one; what is wrong with a stage's file needs none.
    if (error.name === 'StageInvalid') error.stack = error.message;
    throw error;
  }
};
