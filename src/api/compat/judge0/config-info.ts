import type { Config } from '../../../shared/config/config.ts'
import type { NumberBounds } from './fields.ts'

export const MAX_BATCH = 20

/** Every key that Judge0's configuration has, with what holds here for the caller. */
export function configInfo(config: Pick<Config, 'load'>, bounds: NumberBounds): Record<string, unknown> {
  return {
    maintenance_mode: false,
    enable_wait_result: true,
    enable_compiler_options: true,
    allowed_languages_for_compile_options: [],
    enable_command_line_arguments: true,
    enable_submission_delete: false,
    enable_callbacks: false,
    callbacks_max_tries: 0,
    callbacks_timeout: 0,
    enable_additional_files: true,
    max_queue_size: config.load.maxQueuedJobs,
    cpu_time_limit: bounds.cpu_time_limit.default,
    max_cpu_time_limit: bounds.cpu_time_limit.most,
    cpu_extra_time: bounds.cpu_extra_time.default,
    max_cpu_extra_time: bounds.cpu_extra_time.most,
    wall_time_limit: bounds.wall_time_limit.default,
    max_wall_time_limit: bounds.wall_time_limit.most,
    memory_limit: bounds.memory_limit.default,
    max_memory_limit: bounds.memory_limit.most,
    stack_limit: bounds.stack_limit.default,
    max_stack_limit: bounds.stack_limit.most,
    max_processes_and_or_threads: bounds.max_processes_and_or_threads.default,
    max_max_processes_and_or_threads: bounds.max_processes_and_or_threads.most,
    enable_per_process_and_thread_time_limit: false,
    allow_enable_per_process_and_thread_time_limit: true,
    enable_per_process_and_thread_memory_limit: false,
    allow_enable_per_process_and_thread_memory_limit: true,
    max_file_size: bounds.max_file_size.default,
    max_max_file_size: bounds.max_file_size.most,
    number_of_runs: bounds.number_of_runs.default,
    max_number_of_runs: bounds.number_of_runs.most,
    redirect_stderr_to_stdout: false,
    max_extract_size: 10_240,
    enable_batched_submissions: true,
    max_submission_batch_size: MAX_BATCH,
    submission_cache_duration: 0,
    use_docs_as_homepage: false,
    allow_enable_network: false,
    enable_network: false,
  }
}
